#!/bin/sh
# The system's part of the image: packages of Debian's, unpacked, and nothing that installs them.
# Usage: system.sh ROOT
set -eu
export LC_ALL=C
root=$1
here=$(dirname "$0")

mkdir -p "$root" /packages
cd /packages
grep -hv '^#' "$here/packages" "$here/packages.python" | sort -u | xargs apt-get download -qq
for package in *.deb; do
    dpkg-deb --extract "$package" "$root"
done

# The licences stay; manuals, translations and what only a developer reads go.
find "$root/usr/share/doc" ! -type d ! -name copyright -delete
for gone in man info locale lintian bug doc-base gdb gcc binfmts base-files pkgconfig numpy3; do
    rm -rf "$root/usr/share/$gone"
done
rm -rf "$root/usr/lib/x86_64-linux-gnu/gconv" "$root"/usr/lib/python3.11/idlelib \
    "$root"/usr/lib/python3.11/lib2to3 "$root"/usr/lib/python3.11/pydoc_data \
    "$root"/usr/lib/python3.11/turtle.py "$root"/usr/sbin "$root"/sbin "$root"/etc/init.d
find "$root/usr/bin" ! -type d ! -name 'python3*' -delete
find "$root" -type d -empty -delete

# As a package's installation would have set it.
for library in blas lapack; do
    ln -s "$library/lib$library.so.3" "$root/usr/lib/x86_64-linux-gnu/lib$library.so.3"
done
numpy=$root/usr/lib/python3/dist-packages/numpy
rm -rf "$numpy"/core/include "$numpy"/distutils "$numpy"/f2py "$root"/usr/share/python3
# Modules whose libraries are left out.
for module in _dbm _ssl _hashlib _sqlite3 nis readline _curses _curses_panel; do
    rm -f "$root"/usr/lib/python3.11/lib-dynload/"$module".*
done
find "$numpy" \( -name tests -o -name '*.pyi' \) -prune -exec rm -rf {} +

# What every start would compile again, since nothing can be written there. The sources would be read by
# nobody.
python3 -m compileall -q -b --invalidation-mode unchecked-hash -s "$root" \
    "$root/usr/lib/python3.11" "$root/usr/lib/python3/dist-packages"
find "$root/usr/lib/python3.11" "$root/usr/lib/python3/dist-packages" -name '*.py' -delete

mkdir -p "$root/etc/ssl/certs" "$root/scratch" "$root/tmp" "$root/proc" "$root/sys" "$root/dev"
# Those of the package, and no other that this machine may trust.
cat "$root"/usr/share/ca-certificates/mozilla/*.crt > "$root/etc/ssl/certs/ca-certificates.crt"
rm -rf "$root/usr/share/ca-certificates" "$root/usr/share/doc/ca-certificates/examples"
chmod 1777 "$root/tmp"
chown 1000:1000 "$root/scratch"
printf 'root:x:0:0::/:/usr/sbin/nologin\nfarm:x:1000:1000::/scratch:/usr/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nfarm:x:1000:\n' > "$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
ldconfig -r "$root"
rm -rf "$root/var/cache/ldconfig"
# The same files are the same layer, whenever they are unpacked.
find "$root" -exec touch -h -d @0 {} +
