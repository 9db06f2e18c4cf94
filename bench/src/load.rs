//! Workloads, built by the system's C compiler and by cargo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cgroup::Cgroup;

/// A program that does nothing, as small as a program can be.
const TINY: &str = r"
void _start(void) { __asm__ volatile(`mov $60, %eax; xor %edi, %edi; syscall`); }
";

/// Runs the tiny program by vfork as often or as long as it is told; counts those that succeeded.
const DRIVER: &str = r"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
int main(int argc, char **argv) {
  char *args[] = {argv[1], argv[4], 0}, *env[] = {0};
  long most = atol(argv[2]), done = 0;
  double end = now() + atof(argv[3]);
  while (done < most && (done % 64 || now() < end)) {
    pid_t pid = vfork();
    if (pid == 0) { execve(args[0], args, env); _exit(127); }
    if (pid < 0) return 2;
    int status;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) return 3;
    done++;
  }
  printf(`%ld\n`, done);
  return 0;
}
";

/// The exec storm.
pub struct Storm {
    tiny: PathBuf,
    driver: PathBuf,
}

/// What one run of a workload took.
#[derive(Clone, Copy)]
pub struct Took {
    /// Seconds by the wall's clock.
    pub wall: f64,
    /// How often the work was done.
    pub count: u64,
}

impl Storm {
    /// Compiles both programs into `folder`.
    pub fn build(folder: &Path) -> Result<Self> {
        let (tiny, driver) = (folder.join("tiny"), folder.join("driver"));
        compile(folder, "tiny.c", TINY, &["-static", "-nostdlib", "-O2", "-o"], &tiny)?;
        compile(folder, "driver.c", DRIVER, &["-O2", "-o"], &driver)?;
        Ok(Self { tiny, driver })
    }

    /// `count` execs, or as many as `seconds` allow; `tag` is their only argument.
    pub fn run(&self, cgroup: &Cgroup, count: u64, seconds: f64, tag: &str) -> Result<Took> {
        let mut command = Command::new(&self.driver);
        command.arg(&self.tiny).arg(count.to_string()).arg(seconds.to_string()).arg(tag);
        cgroup.put(&mut command)?;
        let began = Instant::now();
        let out = command.stdin(Stdio::null()).output().context("running the driver")?;
        let wall = began.elapsed().as_secs_f64();
        if !out.status.success() {
            bail!("the driver failed: {}", out.status);
        }
        Ok(Took { wall, count: String::from_utf8_lossy(&out.stdout).trim().parse()? })
    }
}

fn compile(folder: &Path, name: &str, text: &str, flags: &[&str], to: &Path) -> Result<()> {
    let source = folder.join(name);
    std::fs::write(&source, text.replace('`', "\""))?;
    let out = Command::new("cc").args(flags).arg(to).arg(&source).output().context("running cc")?;
    if !out.status.success() {
        bail!("cc {name}: {}", String::from_utf8_lossy(&out.stderr));
    }
    Ok(())
}

/// A small cargo project without dependencies; each run builds it from nothing.
pub struct CargoBuild(PathBuf);

impl CargoBuild {
    /// Writes the project: `crates` library crates that depend on each other.
    pub fn new(folder: &Path, crates: usize) -> Result<Self> {
        let root = folder.join("cargo");
        let mut members = Vec::new();
        for n in 0..crates {
            let dir = root.join(format!("c{n}"));
            std::fs::create_dir_all(dir.join("src"))?;
            let dependency =
                if n == 0 { String::new() } else { format!("c{0} = {{ path = \"../c{0}\" }}\n", n - 1) };
            std::fs::write(
                dir.join("Cargo.toml"),
                format!(
                    "[package]\nname = \"c{n}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n{dependency}"
                ),
            )?;
            std::fs::write(
                dir.join("src/lib.rs"),
                (0..50)
                    .map(|i| format!("pub fn f{i}(x: u64) -> u64 {{ x.wrapping_mul({i}) }}\n"))
                    .collect::<String>(),
            )?;
            members.push(format!("\"c{n}\""));
        }
        std::fs::write(
            root.join("Cargo.toml"),
            format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(",")),
        )?;
        Ok(Self(root))
    }

    /// One build from nothing.
    pub fn run(&self, cgroup: &Cgroup) -> Result<Took> {
        let target = self.0.join("target");
        let _ = std::fs::remove_dir_all(&target);
        let mut command = Command::new("cargo");
        command.args(["build", "--offline", "--quiet"]).current_dir(&self.0).env("CARGO_TARGET_DIR", &target);
        cgroup.put(&mut command)?;
        let began = Instant::now();
        let status = command.stdin(Stdio::null()).status().context("running cargo")?;
        if !status.success() {
            bail!("the cargo build failed");
        }
        Ok(Took { wall: began.elapsed().as_secs_f64(), count: 1 })
    }
}
