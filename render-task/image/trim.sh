#!/bin/sh
# Takes off a Blender what no render on a CPU needs, and lays it out in the three parts that become the
# image's layers: libraries, program, rest.
# Usage: trim.sh FETCHED FOLDER
set -eu
export LC_ALL=C
blender=$1/blender folder=$2
here=$(dirname "$0")

# A release has its folders side by side; in a wheel they lie in the package.
home=$blender
wheel=$blender/lib/python3.11/site-packages
[ -d "$wheel/bpy" ] && home=$wheel/bpy
data=$(find "$home" -maxdepth 1 -type d -name '[0-9]*.[0-9]*')

# Graphics cards: their kernels, the sources of those, and the denoiser for them.
rm -rf "$data"/scripts/addons*/cycles/lib "$data"/scripts/addons*/cycles/source
rm -f "$home"/lib/libOpenImageDenoise_device_cuda* "$home"/lib/libOpenImageDenoise_device_hip* \
    "$home"/lib/libOpenImageDenoise_device_sycl* "$home"/lib/libpi_* "$home"/lib/libur_adapter* \
    "$home"/lib/libMaterialXRenderHw*
# What only a person at the screen sees. Node groups that scenes link to stay.
for gone in locale icons studiolights assets/brushes; do
    rm -rf "$data/datafiles/$gone"
done
for gone in presets templates_py templates_osl templates_toml startup/bl_app_templates_system; do
    rm -rf "$data/scripts/$gone"
done
# Add-ons with which scenes are made. Cycles is one.
for addons in "$data"/scripts/addons "$data"/scripts/addons_core; do
    [ -d "$addons" ] && find "$addons" -mindepth 1 -maxdepth 1 ! -name cycles -exec rm -rf {} +
done
# What every start would compile again, since nothing can be written beside it: by the Python that runs it.
compiler=python3
for own in "$data"/python/bin/python3.*; do
    [ -x "$own" ] && compiler=$own
done
"$compiler" -m compileall -q --invalidation-mode unchecked-hash "$data/scripts" "$data/python"

# What is beside the program in a release.
rm -f "$home"/blender-* "$home"/blender.desktop "$home"/*.svg "$home"/readme.html
# Python: in a wheel the bindings of libraries, for scripts; in a release a whole one, of which what
# renders stays.
python=$data/python
if [ "$home" != "$blender" ]; then
    rm -rf "$python"
else
    rm -rf "$python"/bin "$python"/include
    for gone in ensurepip idlelib lib2to3 pydoc_data tkinter turtledemo test unittest/test \
        site-packages/pip site-packages/setuptools site-packages/pxr site-packages/autopep8.py; do
        rm -rf "$python"/lib/python3.*/"$gone"
    done
fi
find "$blender" -type d -name tests -prune -exec rm -rf {} +
# Cycles compiles scripts of its shaders against its own headers.
find "$blender" \( -name '*.pyi' -o -name '*.a' -o -name '*.h' \) -type f ! -path '*/cycles/shader/*' -delete

# A runtime for graphics cards that is linked, and that nothing on a CPU calls.
"$here/stub.sh" "$home"

# Symbols that only a debugger reads. Libraries of wheels were laid out by a tool after which they are not
# to be touched.
find "$home" -type f \( -name '*.so' -o -name '*.so.*' -o -name blender \) ! -path '*/site-packages/*.libs/*' \
    -exec strip --strip-unneeded {} +

mkdir -p "$folder/libraries/opt" "$folder/program/opt" "$folder/rest/opt"
part() { # NAME PATH...: moves what is below Blender's folder into a part of its own
    to=$folder/$1/opt/blender
    shift
    for path; do
        below=${path#"$blender"/}
        mkdir -p "$to/$(dirname "$below")"
        mv "$path" "$to/$(dirname "$below")/"
    done
}
part libraries "$home/lib"
for program in "$home/__init__.so" "$home/blender"; do
    [ -f "$program" ] && part program "$program"
done
mv "$blender" "$folder/rest/opt/blender"
find "$folder" -exec touch -h -d @0 {} +
