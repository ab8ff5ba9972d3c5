#!/bin/sh
# Puts a stub in the place of each library that Blender is linked against and that only a graphics card
# would have used: the same name and symbols, and a trap for whoever calls one after all.
# Usage: stub.sh HOME
set -eu
export LC_ALL=C
home=$1
work=$(mktemp -d)

symbols() { # OPTION FILE...: name, type, size (hexadecimal) of each, without versions
    option=$1
    shift
    nm --dynamic "$option" --format=posix "$@" 2> /dev/null \
        | awk 'NF > 1 { sub(/@.*/, "", $1); print $1, $2, $4 }' | sort -u
}

for library in "$home"/lib/libsycl.so.* "$home"/lib/libcycles_kernel_oneapi_aot.so; do
    [ -f "$library" ] || continue
    name=$(readelf --dynamic --wide "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
    # Whatever another wants may be this library's.
    find "$home" -maxdepth 2 -type f \( -name '*.so*' -o -name blender \) ! -path "$library" > "$work/others"
    xargs sh -c 'for file; do nm --dynamic --undefined-only --format=posix "$file"; done' -- \
        < "$work/others" 2> /dev/null | awk '{ sub(/@.*/, "", $1); print $1 }' | sort -u > "$work/wanted"
    symbols --defined-only "$library" | join - "$work/wanted" > "$work/stubs"
    awk '
        # Data is empty space of the same size, all else a trap.
        $2 ~ /[VDBRG]/ {
            printf ".data\n.balign 16\n.globl \"%s\"\n.type \"%s\",@object\n.size \"%s\",0x%s\n\"%s\": .zero 0x%s\n", $1, $1, $1, $3, $1, $3
            next
        }
        # Called while a library is loaded, whatever is done with it.
        $1 ~ /^__sycl_(un)?register_lib$/ {
            printf ".text\n.globl \"%s\"\n.type \"%s\",@function\n\"%s\": ret\n", $1, $1, $1
            next
        }
        # Asked which graphics cards there are: none, which is an empty vector.
        $1 == "_ZN4sycl3_V18platform13get_platformsEv" {
            printf ".text\n.globl \"%s\"\n.type \"%s\",@function\n\"%s\":", $1, $1, $1
            print " mov %rdi, %rax\nmovq $0, (%rdi)\nmovq $0, 8(%rdi)\nmovq $0, 16(%rdi)\nret"
            next
        }
        { printf ".text\n.globl \"%s\"\n.type \"%s\",@function\n\"%s\": ud2\n", $1, $1, $1 }
        END { print ".section .note.GNU-stack,\"\",@progbits" }
    ' "$work/stubs" > "$work/stub.s"
    as -o "$work/stub.o" "$work/stub.s"
    ld -shared -soname "${name:-$(basename "$library")}" -o "$library" "$work/stub.o"
    echo "$(basename "$library"): $(wc -l < "$work/stubs") symbols"
done
rm -rf "$work" "$home"/lib/libur_loader.so*
