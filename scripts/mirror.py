#!/usr/bin/env python3
"""Makes a folder hold the files of a checkout: mirror.py CHECKOUT FOLDER.

Files that are the same there are not touched, so that what was built of them stays good. Of a checkout are those that
git knows or would add; what else is in the folder, such as what was built there, stays.
"""

import filecmp
import os
import shutil
import subprocess
import sys

checkout, folder = sys.argv[1:]
# What the last run put there.
before = os.path.join(folder, ".mirrored")

# Whoever owns the checkout: nothing of it is carried out here.
git = ["git", "-c", "safe.directory=*", "-C", checkout]
listed = subprocess.run([*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, stdout=subprocess.PIPE).stdout
names = sorted(name for name in listed.decode().split("\0") if name and os.path.lexists(os.path.join(checkout, name)))


def same(source, target):
    if os.path.islink(source) or os.path.islink(target):
        return os.path.islink(source) and os.path.islink(target) and os.readlink(source) == os.readlink(target)
    return os.path.isfile(target) and filecmp.cmp(source, target, shallow=False)


copied = 0
for name in names:
    source, target = os.path.join(checkout, name), os.path.join(folder, name)
    if not same(source, target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target):
            os.remove(target)
        # Not with its time: what is built of it is older.
        shutil.copyfile(source, target, follow_symlinks=False)
        copied += 1
    if not os.path.islink(source):
        shutil.copymode(source, target)

removed = 0
if os.path.exists(before):
    with open(before, encoding="utf-8") as known:
        for name in set(known.read().split("\0")) - set(names):
            target = os.path.join(folder, name)
            if name and os.path.lexists(target) and not os.path.isdir(target):
                os.remove(target)
                removed += 1
with open(before, "w", encoding="utf-8") as known:
    known.write("\0".join(names))
print(f"mirror: {copied} files copied and {removed} removed of {len(names)} in {folder}")
