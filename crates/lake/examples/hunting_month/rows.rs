//! One event with everything that any column of any table may ask of it.

use crate::chance::{Chance, Zipf};
use crate::programs::{self, Program, RARE};

pub const DAY_US: i64 = 86_400_000_000;

/// One process as a row tells it.
#[derive(Clone, Default)]
pub struct Process {
    pub program: usize,
    pub line: String,
    pub pid: i64,
    pub created: i64,
    pub user: usize,
    pub session: i64,
}

/// One event.
#[derive(Clone, Default)]
pub struct Event {
    pub time: i64,
    pub device: usize,
    pub report: i64,
    pub process: Process,
    pub parent: Process,
    pub grand: Process,
    /// Which of its table's actions.
    pub action: usize,
    pub remote: u32,
    pub public: bool,
    pub remote_port: i32,
    pub local_port: i32,
    pub file: String,
    pub folder: String,
    pub number: u64,
}

/// The machines, users and programs of the month.
pub struct World {
    pub programs: Vec<Program>,
    pub devices: Vec<String>,
    pub users: Vec<String>,
    by_device: Zipf,
    by_program: Zipf,
    by_remote: Zipf,
    /// Instants of a day by the hour's share of work.
    hours: Zipf,
    order: [i64; 24],
}

impl World {
    pub fn new(devices: usize) -> Self {
        let mut chance = Chance::new(7);
        let mut users = vec!["root".to_owned(), "www-data".to_owned(), "postgres".to_owned()];
        users.extend((0..300).map(|n| format!("{}.{n}", programs::word(&mut chance))));
        Self {
            programs: programs::programs(900, &mut chance),
            devices: (0..devices).map(|_| programs::hex(&mut chance, 40)).collect(),
            users,
            by_device: Zipf::new(devices, 0.7),
            by_program: Zipf::new(900, 1.1),
            by_remote: Zipf::new(60_000, 0.9),
            hours: Zipf::new(24, 0.5),
            order: {
                // From the busiest hour to the quietest.
                let around =
                    [0, 1, -1, 2, 3, 4, -2, 5, 6, 7, 8, -3, 9, 10, 11, 12, -4, -5, -6, -7, -8, -9, -10, 13];
                around.map(|hour: i64| (10 + hour).rem_euclid(24))
            },
        }
    }

    fn process(&self, chance: &mut Chance, before: i64) -> Process {
        let mut program = self.by_program.draw(chance);
        let mut line = String::new();
        if chance.below(20_000) == 0 {
            program = 1;
            programs::fill(RARE[chance.below(RARE.len() as u64) as usize], chance, &mut line);
        } else {
            let lines = &self.programs[program].lines;
            programs::fill(&lines[chance.below(lines.len() as u64) as usize], chance, &mut line);
        }
        let user = if chance.below(3) == 0 { chance.below(self.users.len() as u64) as usize } else { 0 };
        Process {
            program,
            line,
            pid: 300 + chance.below(4_000_000) as i64,
            created: before - chance.below(3_600_000_000) as i64,
            user,
            session: chance.below(5000) as i64,
        }
    }

    /// An event of a day.
    pub fn event(&self, chance: &mut Chance, day: i64, report: i64) -> Event {
        let hour = self.order[self.hours.draw(chance)];
        let time = day * DAY_US + hour * 3_600_000_000 + chance.below(3_600_000_000) as i64;
        let process = self.process(chance, time);
        // A machine's daemons start much: a third of the parents are one of a few for each machine.
        let device = self.by_device.draw(chance);
        let parent = if chance.below(3) > 0 {
            let mut own = Chance::new(device as u64 * 8 + chance.below(8));
            self.process(&mut own, day * DAY_US)
        } else {
            self.process(chance, time)
        };
        let grand = Process {
            program: self.by_program.draw(chance),
            pid: 1 + chance.below(900) as i64,
            created: day * DAY_US,
            ..Process::default()
        };
        let remote = self.by_remote.draw(chance) as u32;
        let number = chance.next();
        let folder = match number % 50 {
            0 => "/tmp".to_owned(),
            1 => "/dev/shm".to_owned(),
            n => format!("/var/lib/{}/{n}", programs::word(chance)),
        };
        let ending = ["log", "json", "tmp", "so", "py", "sh", "conf", "gz"][(number >> 8) as usize % 8];
        Event {
            time,
            device,
            report,
            process,
            parent,
            grand,
            action: (number >> 16) as usize,
            remote,
            public: remote.is_multiple_of(5),
            remote_port: [443, 443, 443, 80, 5432, 53, 22, 6379, 8080][(number >> 24) as usize % 9]
                + i32::from(number.is_multiple_of(97)) * (number % 2000) as i32,
            local_port: 32_768 + (number % 28_000) as i32,
            file: format!("{}-{:x}.{ending}", programs::word(chance), number % 5000),
            folder,
            number,
        }
    }
}
