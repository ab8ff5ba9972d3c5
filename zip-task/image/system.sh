#!/bin/sh
# The least of a system that zip-task runs on: the C library that it is linked against, whom to trust on
# the network, ffmpeg, and the licences of all of it.
# Usage: system.sh ROOT
set -eu
export LC_ALL=C
root=$1
here=$(dirname "$0")

mkdir -p /packages "$root/etc/ssl/certs" "$root/tmp" "$root/scratch"
cd /packages
grep -hv '^#' "$here/packages" | sort -u | xargs apt-get download -qq
for package in *.deb; do
    dpkg-deb --extract "$package" all
done
cd all
libraries=lib/x86_64-linux-gnu
for file in lib64/ld-linux-x86-64.so.2 $libraries/ld-linux-x86-64.so.2 $libraries/libc.so.6 $libraries/libm.so.6 \
    $libraries/libgcc_s.so.1 $libraries/libresolv.so.2 $libraries/libz.so.1* usr/bin/ffmpeg \
    usr/$libraries/libav*.so.* usr/$libraries/libpostproc.so.* usr/$libraries/libsw*.so.* \
    usr/$libraries/libx264.so.* usr/$libraries/libstdc++.so.6* usr/share/doc/*/copyright; do
    cp --parents --no-dereference "$file" "$root"
done
cat usr/share/ca-certificates/mozilla/*.crt > "$root/etc/ssl/certs/ca-certificates.crt"
"$here/stub.sh" "$root"
printf 'farm:x:1000:1000::/scratch:/usr/sbin/nologin\n' > "$root/etc/passwd"
printf 'farm:x:1000:\n' > "$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
chmod 1777 "$root/tmp"
chown 1000:1000 "$root/scratch"
# The same files are the same layer, whenever they are unpacked.
find "$root" -exec touch --no-dereference --date @0 {} +
