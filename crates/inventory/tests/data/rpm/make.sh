#!/bin/bash
# Makes the databases of packages that the tests read, with RPM's own tools and Berkeley DB's.
# usage: make.sh OUT   (needs rpm, rpmbuild, db5.3_load, python3 and zstd; and ndb_load, which is RPM's own
# lib/backend/ndb/rpmpkg.c with a main that puts each file named on its command line, and deletes -N)
set -euo pipefail
out=$(realpath "$1"); work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{SPECS,RPMS,BUILD,SOURCES,SRPMS}
spec() { # name version release epoch vendor source module files
  local f="$work/SPECS/$1.spec"
  { echo "Name: $6"; echo "Version: $2"; echo "Release: $3"; [ "$4" != 0 ] && echo "Epoch: $4"
    echo "Summary: a package of the tests"; echo "License: MIT"; echo "Vendor: $5"; echo "BuildArch: noarch"
    [ -n "$7" ] && echo "ModularityLabel: $7"
    [ "$1" != "$6" ] && printf '%%package -n %s\nSummary: a part\n' "$1"
    echo "%description"; echo "x"
    [ "$1" != "$6" ] && printf '%%description -n %s\nx\n' "$1"
    echo "%install"
    echo "mkdir -p %{buildroot}/usr/share/$1 %{buildroot}/usr/bin"
    echo "for i in \$(seq 1 $8); do echo \$i > %{buildroot}/usr/share/$1/a-rather-long-name-of-a-file-\$i; done"
    echo "echo x > %{buildroot}/usr/bin/$1"
    if [ "$1" != "$6" ]; then echo "%files -n $1"; else echo "%files"; fi
    echo "/usr/share/$1"; echo "/usr/bin/$1"
  } > "$f"
  SOURCE_DATE_EPOCH=1700000000 rpmbuild --quiet -bb --define "_topdir $work" --define "_build_id_links none" \
    --define "_source_filedigest_algorithm 8" --define "use_source_date_epoch_as_buildtime 1" "$f"
}
spec plain 1.0 1 0 "Example Vendor" plain "" 2
spec epoch-libs 3.0.7 27.el9 1 "Example Vendor" epoch "" 3
spec modular 18.2 4.module_el8 0 "Other" modular "nodejs:18:820240101:abcd" 1
spec large 2.5 10 0 "Example Vendor" large "" 1500
install() { # backend
  local root="$work/root-$1"; mkdir -p "$root/var/lib/rpm"
  rpm --root "$root" --define "_db_backend $1" --define "_dbpath /var/lib/rpm" --initdb
  rpm --root "$root" --define "_db_backend $1" --define "_dbpath /var/lib/rpm" --nodeps --noscripts --nosignature \
    -i $(find "$work/RPMS" -name '*.rpm' | sort)
  rpm --root "$root" --define "_db_backend $1" --define "_dbpath /var/lib/rpm" -qa --qf '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\n' | sort > "$work/$1.list"
}
install sqlite
cp "$work/root-sqlite/var/lib/rpm/rpmdb.sqlite" "$work/rpmdb.sqlite"
# The same headers in a hash of Berkeley DB, of both orders of bytes.
python3 - "$work" <<'P'
import sqlite3,sys,struct
w=sys.argv[1]
rows=sqlite3.connect(w+"/rpmdb.sqlite").execute("select hnum, blob from Packages order by hnum").fetchall()
for name,fmt,order in (("little","<I",1234),("big",">I",4321)):
    with open(f"{w}/{name}.dump","w") as f:
        f.write(f"VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\ndb_lorder={order}\nHEADER=END\n")
        def rec(k,v): f.write(" "+k.hex()+"\n "+v.hex()+"\n")
        rec(struct.pack(fmt,0),struct.pack(fmt,max(r[0] for r in rows)))
        for n,b in rows: rec(struct.pack(fmt,n),b)
        f.write("DATA=END\n")
P
python3 - "$work" <<'P'
import sqlite3,sys
w=sys.argv[1]
for n,b in sqlite3.connect(w+"/rpmdb.sqlite").execute("select hnum, blob from Packages order by hnum"):
    open(f"{w}/{n}.header","wb").write(b)
P
# The first one is put twice, and once taken away again: a slot that was freed.
ndb_load "$work/Packages.db" "$work"/1.header $(ls "$work"/*.header) -1
for order in little big; do rm -f "$work/$order.bdb"; db5.3_load -f "$work/$order.dump" "$work/$order.bdb"; done
# A database whose newest package is only in the log of writes.
python3 - "$work" <<'P'
import sqlite3,sys,shutil,os
w=sys.argv[1]
shutil.copy(w+"/rpmdb.sqlite",w+"/logged.sqlite")
c=sqlite3.connect(w+"/logged.sqlite"); c.execute("pragma journal_mode=wal"); c.execute("pragma wal_autocheckpoint=0")
blob=c.execute("select blob from Packages order by length(blob) desc limit 1").fetchone()[0]
c.execute("delete from Packages"); c.commit()
c.execute("insert into Packages(hnum, blob) values (77, ?)",(blob,)); c.commit()
shutil.copy(w+"/logged.sqlite",w+"/wal.sqlite"); shutil.copy(w+"/logged.sqlite-wal",w+"/wal.sqlite-wal")
P
mkdir -p "$out"
put() { zstd -q -19 -f "$work/$1" -o "$out/$2.zst"; }
put rpmdb.sqlite rpmdb.sqlite; put Packages.db Packages.db; put little.bdb Packages-little; put big.bdb Packages-big
put wal.sqlite wal.sqlite; put wal.sqlite-wal wal.sqlite-wal
cp "$work/sqlite.list" "$out/packages.txt"
