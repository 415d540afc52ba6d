//! The same pool on a cluster: its workers are started by `srun`, each on a node of its own.
//!
//! `.ci/three-nodes` starts three nodes on one machine, and `SLURM_CONF` names them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use threadproof::{ProcessError, ProcessPool, Shutdown, WorkerProgram};

use crate::needs::Need;
use crate::run::Test;
use crate::support::{Misbehave, number, runs_told, until, worker_program};

pub(crate) fn tests() -> Vec<Test> {
    let test = a_pool_over_three_nodes_keeps_its_promises;
    vec![Test::new(&[Need::Slurm], test)]
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Workers behind `srun`, all under this name, no two on one node.
// ANCHOR: launcher
fn over_slurm(name: &str) -> WorkerProgram {
    let name = format!("--job-name={name}");
    let launcher = ["srun", "-N1", "-n1", "--quiet", "--unbuffered"];
    worker_program().wrapped_by(launcher.into_iter().chain(["--exclusive", &name]))
}
// ANCHOR_END: launcher

/// The node of each of Slurm's jobs of this name, by the job's number; those that are ending too.
fn queue(name: &str) -> BTreeMap<u32, String> {
    let name = format!("--name={name}");
    let lines = said("squeue", &["--noheader", "--format=%i %N", &name]);
    let entries = lines.lines().map(|line| {
        let (id, node) = line.split_once(' ').unwrap();
        (id.parse().unwrap(), node.to_owned())
    });
    entries.collect()
}

/// The worker processes of this name, with their nodes.
fn workers(name: &str) -> BTreeMap<u32, String> {
    let mut workers = BTreeMap::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        // A process may end between the looks.
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let read = |file: &str| fs::read(entry.path().join(file)).unwrap_or_default();
        let environment = String::from_utf8_lossy(&read("environ")).into_owned();
        let variable = |name: &str| {
            let mut variables = environment.split('\0').filter_map(|v| v.split_once('='));
            variables.find(|(n, _)| *n == name).map(|(_, value)| value)
        };
        let is_worker = String::from_utf8_lossy(&read("cmdline")).contains("--threadproof-worker");
        if let (true, Some(node)) = (is_worker, variable("SLURMD_NODENAME"))
            && variable("SLURM_JOB_NAME") == Some(name)
        {
            workers.insert(pid, node.to_owned());
        }
    }
    workers
}

/// All in one test, since each part wants the three nodes for itself.
fn a_pool_over_three_nodes_keeps_its_promises() {
    a_node_loses_its_worker();
    a_parent_is_killed();
}

/// Claims X1, X3 and X6.
fn a_node_loses_its_worker() {
    let name = format!("threadproof-{}", std::process::id());
    let program = over_slurm(&name);
    let pool = ProcessPool::builder(program).workers(3).build().unwrap();
    let began = queue(&name);
    assert!(
        began.values().collect::<BTreeSet<_>>().len() == 3,
        "{began:?}"
    );
    let outputs = pool.map((0..300).map(Misbehave::Not));
    assert!(outputs.iter().map(number).eq(0..300));

    let told = tempfile::NamedTempFile::new().unwrap();
    let outputs = std::thread::scope(|scope| {
        let jobs = (0..2000).map(|n| Misbehave::Tell(told.path().to_owned(), n));
        let map = scope.spawn(|| pool.map(jobs));
        until(|| runs_told(told.path()).len() > 50);
        let victims = workers(&name);
        let victim = victims.iter().find(|(_, node)| *node == "n2").unwrap();
        let pid = Pid::from_raw(i32::try_from(*victim.0).unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        map.join().unwrap()
    });
    let is_crashed = |output: &Result<_, _>| matches!(output, Err(ProcessError::Crashed { .. }));
    let crashed = outputs.iter().filter(|output| is_crashed(output)).count();
    // None, if it died in the moment between two jobs.
    assert!(crashed <= 1, "{crashed} jobs");
    for (index, output) in (0..).zip(&outputs) {
        assert!(is_crashed(output) || number(output) == index);
    }
    // At most once, though srun may lose what the dead worker had answered.
    let runs = runs_told(told.path());
    assert!(runs.values().all(|times| *times == 1), "{runs:?}");
    let outputs = pool.map((0..30).map(Misbehave::Not));
    assert!(outputs.iter().map(number).eq(0..30));
    until(|| queue(&name).keys().any(|job| !began.contains_key(job)));
    pool.shutdown(Shutdown::Drain);
    until(|| queue(&name).is_empty());
    assert!(workers(&name).is_empty());
}

const PARENT: &str = "THREADPROOF_TEST_SLURM_PARENT";

/// What the next part starts, and kills: this program, if it is told so by a variable.
pub(crate) fn is_parent_to_be_killed() -> bool {
    let Ok(name) = std::env::var(PARENT) else {
        return false;
    };
    let program = over_slurm(&name);
    let pool = ProcessPool::builder(program).workers(3).build().unwrap();
    pool.map((0..6).map(|_| Misbehave::Sleep(3_600_000)));
    true
}

/// Claim X5.
fn a_parent_is_killed() {
    let name = format!("threadproof-parent-{}", std::process::id());
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .env(PARENT, &name)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until(|| workers(&name).len() == 3);
    parent.kill().unwrap();
    parent.wait().unwrap();
    until(|| queue(&name).is_empty() && workers(&name).is_empty());
}
