#!/bin/sh
# Fetches a Blender, proves it by its hash, and unpacks it.
# Usage: fetch.sh VERSION FOLDER MIRROR INDEX
#
# VERSION is one of the file `blenders`, or the beginning of one. MIRROR is where the folders of archives are
# (.../release), INDEX a package index (.../simple); each is empty where it is the usual one.
set -eu
export LC_ALL=C
wanted=$1 folder=$2 mirror=$3 index=$4
list=$(dirname "$0")/blenders

fail() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

line=$(grep -v '^#' "$list" | awk -v wanted="$wanted" '$1 == wanted || index($1, wanted ".") == 1 { print; exit }')
[ -n "$line" ] || fail "there is no Blender $wanted to build an image of" \
    "Known are: $(grep -v '^#' "$list" | awk 'NF { print $1 }' | tr '\n' ' '). Add a line to render-task/image/blenders."
read -r version from hash <<LINE
$line
LINE

mkdir -p "$folder" /download
certificates=/run/secrets/certificates
case $from in
archive)
    name=blender-$version-linux-x64
    address=${mirror:-https://download.blender.org/release}/Blender${version%.*}/$name.tar.xz
    [ -f $certificates ] && export CURL_CA_BUNDLE=$certificates
    echo "fetching $address"
    curl --fail --location --retry 3 --silent --show-error --output /download/archive "$address" \
        || fail "Blender $version cannot be fetched from $address" "Look at the way to it, or name a mirror: --build-arg BLENDER_MIRROR=ADDRESS"
    echo "$hash  /download/archive" | sha256sum --check --quiet - \
        || fail "what $address sends is not Blender $version: its SHA-256 is $(sha256sum < /download/archive | cut -d' ' -f1), not $hash" \
            "Try again, or another mirror; if Blender published the archive anew, correct render-task/image/blenders."
    tar --extract --xz --no-same-owner --directory "$folder" --file /download/archive
    mv "$folder/$name" "$folder/blender"
    ;;
wheel)
    printf 'bpy==%s --hash=sha256:%s\n' "$version" "$hash" > /download/requirements
    [ -f $certificates ] && export PIP_CERT=$certificates
    echo "fetching bpy $version"
    pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        ${index:+--index-url "$index"} --dest /download --requirement /download/requirements \
        || fail "Blender $version cannot be fetched as a Python package, or is not the one that is pinned" \
            "pip says above what it met. Look at the way to the index, or name another: --build-arg BLENDER_INDEX=ADDRESS"
    packages=$folder/blender/lib/python3.11/site-packages
    mkdir -p "$packages" "$folder/blender/bin"
    for wheel in /download/*.whl; do
        python3 -m zipfile -e "$wheel" "$packages"
    done
    ln -s /usr/bin/python3.11 "$folder/blender/bin/python"
    printf 'home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.11\n' > "$folder/blender/pyvenv.cfg"
    ;;
esac
rm -rf /download
