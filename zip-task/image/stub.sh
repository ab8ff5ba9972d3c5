#!/bin/sh
# Puts a stub in the place of each library that ffmpeg is linked against and that is left out: the same name, the
# symbols and versions that are asked of it, and 0 for an answer. Some are called at every start, to say what they
# can: nothing. What else would call them, nobody asks of this ffmpeg.
# Usage: stub.sh ROOT
set -eu
export LC_ALL=C
libraries=$1/usr/lib/x86_64-linux-gnu
work=$(mktemp -d)

find "$1/usr/bin" "$1/lib" "$libraries" -type f \( -name ffmpeg -o -name '*.so*' \) | sort > "$work/files"
# Which libraries are wanted, which are there, and which are neither.
xargs readelf --dynamic --wide < "$work/files" > "$work/dynamic"
sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" | sort -u > "$work/needed"
sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' "$work/dynamic" | sort -u > "$work/there"
comm -23 "$work/needed" "$work/there" > "$work/missing"
# Which versions are asked of which library: its name, a version.
xargs readelf --version-info --wide < "$work/files" | awk '
    / File: / { sub(/.* File: /, ""); file = $1 }
    / Name: / && file != "" { sub(/.* Name: /, ""); print file, $1 }
    /^Version (symbols|definition)/ { file = "" }
' | sort -u > "$work/versions"
# Which symbols are wanted and not there: symbol, version or nothing. What is weak may be missing.
symbols() { # OPTION
    xargs nm --dynamic "$1" --with-symbol-versions --format=posix < "$work/files" 2> /dev/null \
        | awk '$2 != "w" && NF > 1 { sub(/@@/, "@", $1); split($1, name, "@"); print name[1], name[2] }' | sort -u
}
symbols --defined-only | cut -d ' ' -f 1 | sort -u > "$work/defined"
symbols --undefined-only | join -v 1 - "$work/defined" > "$work/wanted"

first=$(head -n 1 "$work/missing")
while read -r library; do
    awk -v library="$library" -v first="$first" '
        FNR == NR { if ($1 == library) mine[$2] = 1; next }
        # A symbol without a version is found wherever it is: the first stub has all of them.
        (NF > 1 && $2 in mine) || (NF == 1 && library == first) { print $1, $2 }
    ' "$work/versions" "$work/wanted" > "$work/symbols"
    awk '
        { printf ".text\n.globl \"%s\"\n.type \"%s\",@function\n\"%s\": xor %%eax, %%eax\nret\n", $1, $1, $1 }
        END { print ".section .note.GNU-stack,\"\",@progbits" }
    ' "$work/symbols" > "$work/stub.s"
    as -o "$work/stub.o" "$work/stub.s"
    awk -v library="$library" '
        FNR == NR { if ($1 == library) has[$2] = has[$2]; next }
        NF > 1 { has[$2] = has[$2] "\"" $1 "\"; " }
        END { for (version in has) print version, "{", has[version] == "" ? "" : "global: " has[version], "};" }
    ' "$work/versions" "$work/symbols" > "$work/script"
    # A script that says nothing is none.
    [ -s "$work/script" ] && script=--version-script=$work/script || script=
    ld -shared -soname "$library" ${script:+"$script"} -o "$libraries/$library" "$work/stub.o"
done < "$work/missing"
echo "$(wc -l < "$work/missing") libraries are stubs"
rm -rf "$work"
