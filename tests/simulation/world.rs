//! One world: a cloud, some people, a time with faults and a time without, all by one seed.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dynoxide::Database;
use fastrand::Rng;
use local::Functions;
use local::faults::{Faults, Plan};
use local::in_process::InProcess;
use shared::aws::Aws;
use shared::domain::{Access, RoomHistory, SessionId, Timestamp, UserId};
use shared::services::rooms::NewRoom;
use shared::{App, Clock};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::gateway::{EPOCH, SimulatedGateway};
use crate::leaver::{self, Leaver};
use crate::outcome::{Kept, Outcome, is_part, logs};
use crate::people::{Device, Phase};
use crate::record::{Record, Seen};
use crate::sabotage::Sabotage;
use crate::settings::{FaultInjection, Settings};
use crate::wire::{Window, behind};
use crate::{budget, conforming, crowd, expiry, naive, outsider, stream};

/// How long a request takes either way at most.
const LATENCY: Duration = Duration::from_millis(20);
/// How long people have to finish: longer than a lease and every pause.
const CALM: Duration = Duration::from_secs(45);

/// Runs the world of `seed` from beginning to end.
pub(crate) fn run(seed: u64, faults: FaultInjection, sabotage: Sabotage) -> Outcome {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads");
    runtime.block_on(live(seed, faults, Arc::new(sabotage)))
}

struct Cloud {
    app: App,
    faults: Faults,
    gateway: SimulatedGateway,
    database: Database,
    // Lives as long as requests are answered.
    _services: InProcess,
}

async fn live(seed: u64, faults: FaultInjection, sabotage: Arc<Sabotage>) -> Outcome {
    let mut rng = Rng::with_seed(seed);
    let record = Record::new();
    let mut plan = plan(faults, &mut rng);
    // Some broken mechanisms show only where many meet.
    let (is_sabotaged, sabotaged) = (sabotage.is_on(), sabotage.fired());
    let small = if sabotage.is_on() { 1 } else { 32 };
    let size = if rng.u8(0..small) == 0 { &LARGE } else { &SMALL };
    let second = ["dm:a:b", "lobby", "dm:b:b"][rng.usize(0..3)];
    let settings = Settings::by(&mut rng, faults, seed);
    settings.change(&mut plan);
    let cloud = start(&record, &sabotage, settings, &mut rng).await;
    let room = furnish(&cloud.app, size.members, settings).await;
    let leaver = Leaver::of(settings, &cloud.app, &cloud.gateway, (&record, &room));
    cloud.faults.change(plan.clone());

    let (phase, phases) = watch::channel(Phase::Faults);
    let scene = Scene { cloud: &cloud, record: &record, sabotage: &sabotage, size, room: &room };
    let (mut people, devices) =
        scene.peopled(settings, (second, leaver.as_ref()), &phases, &mut rng);

    let signs_out = faults == FaultInjection::On && rng.bool();
    let places = if signs_out { devices.clone() } else { Vec::new() };
    let faulty = rng.u64(size.faulty.clone());
    if let Some(leaver) = &leaver {
        leaver.moves_in(&mut people, &phases, Duration::from_secs(faulty), Rng::with_seed(!seed));
    }
    pass_faults(&cloud, faulty, &places, &mut rng).await;
    cloud.faults.change(Plan::none(LATENCY));
    phase.send_replace(Phase::Calm);
    pass_calm(&cloud).await;
    people.shutdown().await;
    let left = leaver::left_of(leaver).await;
    let (fired, logs) = (cloud.faults.fired().to_vec(), logs(&cloud.database));
    let kept = Kept::of(&cloud.database);
    let overdue = cloud.gateway.overdue();
    let plan_of_end = (!is_sabotaged).then(|| plan.clone());
    let lost = let_expire(&cloud, plan_of_end, logs.len(), seed).await;
    Outcome {
        record,
        plan,
        fired,
        sabotaged: sabotaged.load(Ordering::Relaxed),
        logs,
        kept,
        room,
        devices,
        fills_up: settings.most_listed_bytes.is_some(),
        overdue,
        left,
        lost,
    }
}

/// Where people live.
struct Scene<'a> {
    cloud: &'a Cloud,
    record: &'a Record,
    sabotage: &'a Arc<Sabotage>,
    size: &'static Size,
    room: &'a str,
}

impl Scene<'_> {
    /// Everybody at their devices, who also write in the conversation `second`.
    fn peopled(
        &self,
        settings: Settings,
        (second, leaver): (&str, Option<&Leaver>),
        phases: &watch::Receiver<Phase>,
        rng: &mut Rng,
    ) -> (JoinSet<()>, Vec<Place>) {
        let Self { cloud, record, sabotage, size, room } = *self;
        let mut people = JoinSet::new();
        let mut devices = Vec::new();
        // Of what is said much becomes in some worlds.
        let more = if rng.u8(0..3) == 0 { rng.u32(1..4) } else { 0 };
        let mut person = |user: &str, number: usize, kind: Kind, rng: &mut Rng| {
            let to_say = rng.u32(size.to_say.clone()) + more;
            let world = (&cloud.gateway, record, sabotage);
            let mut device = Device::at((user, number), world, phases.clone(), rng.fork());
            device.to_say = to_say;
            device.conversations = conversations_of(user, room, size.members, second);
            device.hears = heard_by(user, room, size.members, second);
            leaver::is_known(leaver, &mut device);
            if kind != Kind::Crowd {
                devices.push((user.to_owned(), number, kind != Kind::Naive));
            }
            kind.spawns(device, &mut people);
        };
        for (user, number, kind) in size.cast(rng) {
            person(user, number, kind, rng);
        }
        if settings.is_crowded {
            person("a", CROWD, Kind::Crowd, rng);
        }
        (people, devices)
    }
}

/// Lets messages expire while that goes wrong, if it is to be tried; what is not as it was then.
async fn let_expire(cloud: &Cloud, plan: Option<Plan>, kept: usize, seed: u64) -> Vec<String> {
    let Some(plan) = plan else { return Vec::new() };
    cloud.faults.change(plan);
    expiry::passes(&cloud.app, &cloud.database, kept, Rng::with_seed(!seed)).await
}

/// What goes wrong; in a third of the worlds only time and order.
fn plan(faults: FaultInjection, rng: &mut Rng) -> Plan {
    match faults {
        FaultInjection::On if rng.u8(0..3) == 0 => Plan::timing_only(rng, LATENCY),
        FaultInjection::On => Plan::random(rng, LATENCY),
        FaultInjection::Off => Plan::none(LATENCY),
    }
}

/// How much happens in a world.
struct Size {
    /// How long things go wrong, in seconds.
    faulty: Range<u64>,
    /// How many messages a person has to say at one device.
    to_say: RangeInclusive<u32>,
    /// Who is in the room.
    members: &'static [&'static str],
}

/// Everything that can meet in a conversation; most mistakes need no more, and a world is over soon.
const SMALL: Size = Size { faulty: 4..12, to_say: 1..=2, members: &["a", "b"] };
/// Where several people and several devices meet in several conversations.
const LARGE: Size = Size { faulty: 10..30, to_say: 1..=6, members: &["a", "b", "c"] };

impl Size {
    /// Who lives in the world: user, device, and how they are.
    fn cast(&self, rng: &mut Rng) -> Vec<(&'static str, usize, Kind)> {
        let any = [Kind::Naive, Kind::Conforming, Kind::Restless];
        if self.members.len() == 2 {
            let mut cast = vec![("a", 1, Kind::Conforming), ("b", 1, any[rng.usize(0..3)])];
            match rng.u8(0..6) {
                0 => cast.push(("a", 2, Kind::Conforming)),
                1 if cast[1].2 == Kind::Naive => cast.push(("b", 2, Kind::Naive)),
                2 => cast.push(("eve", 1, Kind::Outsider)),
                _ => {}
            }
            return cast;
        }
        let mut cast = vec![("a", 1, Kind::Conforming)];
        if rng.bool() {
            cast.push(("a", 2, Kind::Conforming));
        }
        cast.push(("b", 1, Kind::Naive));
        if rng.u8(0..3) == 0 {
            cast.push(("b", 2, Kind::Naive));
        }
        cast.extend([("c", 1, any[rng.usize(0..3)]), ("eve", 1, Kind::Outsider)]);
        cast
    }
}

/// How somebody is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Naive,
    Conforming,
    Restless,
    Outsider,
    /// Opens more connections than one may have.
    Crowd,
}

impl Kind {
    /// Has somebody of this kind live at `device`.
    fn spawns(self, device: Device, people: &mut JoinSet<()>) {
        match self {
            Self::Crowd => people.spawn(crowd::lives(device)),
            Self::Naive => people.spawn(naive::lives(device)),
            Self::Conforming => people.spawn(conforming::lives(device, false)),
            Self::Restless => people.spawn(conforming::lives(device, true)),
            Self::Outsider => people.spawn(outsider::lives(device)),
        };
    }
}

/// The device of whoever opens too many connections.
const CROWD: usize = 9;

/// The conversations `user` writes in; for the outsider, those of the others. Where there are only
/// two people, `second` is the only one besides the room.
fn conversations_of(user: &str, room: &str, members: &[&str], second: &str) -> Vec<String> {
    let names: &[&str] = match user {
        _ if members.len() == 2 => match (user, second) {
            ("a", "dm:b:b") => &[],
            ("eve", _) => &["dm:a:b"],
            _ => &[second],
        },
        "a" => &["dm:a:b", "dm:a:c", "lobby"],
        "b" => &["dm:a:b", "dm:b:c", "dm:b:b"],
        "c" => &["dm:a:c", "dm:b:c", "lobby"],
        _ => &["dm:a:b", "dm:b:c"],
    };
    let room = std::iter::once(room.to_owned());
    room.chain(names.iter().map(|name| (*name).to_owned())).collect()
}

/// The conversations in which anybody writes that `user` has a part in.
fn heard_by(user: &str, room: &str, members: &[&str], second: &str) -> Vec<String> {
    let written = members.iter().flat_map(|it| conversations_of(it, room, members, second));
    let heard: BTreeSet<_> = written.filter(|conversation| is_part(user, conversation)).collect();
    heard.into_iter().collect()
}

async fn start(
    record: &Record,
    sabotage: &Arc<Sabotage>,
    settings: Settings,
    rng: &mut Rng,
) -> Cloud {
    let faults = Faults::new(Plan::none(Duration::ZERO), rng.fork());
    let gateway = SimulatedGateway::new(
        faults.clone(),
        record.clone(),
        rng.fork(),
        settings.most_connections,
    );
    let database = Database::memory().expect("memory for a database");
    let services = InProcess::default();
    services.serve_dynamodb(database.clone());
    services.serve_management(gateway.management());

    let written = Arc::new(Notify::new());
    let below = Window::Below {
        record: record.clone(),
        sabotage: Arc::clone(sabotage),
        written: Arc::clone(&written),
    };
    let client = faults.transport(behind(below, services.transport()));
    let client =
        behind(Window::Above { record: record.clone(), sabotage: Arc::clone(sabotage) }, client);
    let aws = Aws::local("http://dynamodb").with_transport(client);
    let begin = Instant::now();
    let clock = Clock::new(move || {
        let millis = i64::try_from(begin.elapsed().as_millis()).unwrap_or_default();
        Timestamp::from_millis(EPOCH + millis + Faults::skew())
    });
    let app = App::new(settings.config(), &aws, clock).expect("settings that can be used");
    app.store.create_table().await.expect("the table can be created");

    let functions = faults.wrap_functions(budget::counted(Functions::new(&app), record));
    stream::serve(database.clone(), functions.event_sources.clone(), record, written, rng.fork());
    gateway.deploy(functions);
    let ending = gateway.clone();
    tokio::spawn(faults.clone().keep_silence(|_| {}, move |connection| ending.close(connection)));
    Cloud { app, faults, gateway, database, _services: services }
}

/// A room with `members` in it; its conversation.
async fn furnish(app: &App, members: &[&str], settings: Settings) -> String {
    if settings.has_leaver {
        leaver::everybody_has_an_account(app, &[members, &["eve"]].concat()).await;
    }
    let user = |name: &str| UserId::parse(name).expect("a user's name");
    let (name, access) = ("general".to_owned(), Access::Public);
    let history = RoomHistory::Everything;
    let new = NewRoom { name, topic: None, metadata: None, access, history, retention_days: None };
    let room = shared::services::rooms::create(app, &user(members[0]), new).await.expect("a room");
    for name in &members[1..] {
        shared::services::rooms::join(app, &user(name), &room.id.to_string())
            .await
            .expect("a member");
    }
    room.conversation().to_string()
}

/// A device: whose it is, which, and whether it follows the protocol.
type Place = (String, usize, bool);

async fn pass_faults(cloud: &Cloud, seconds: u64, places: &[Place], rng: &mut Rng) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(rng.u64(1..8))).await;
        match rng.u8(0..8) {
            // Two hours are over for everybody at once.
            0 => cloud.gateway.cut_all(),
            1 | 2 => cloud.gateway.notice_silence(),
            3 | 4 if !places.is_empty() => {
                let (user, device, _) = &places[rng.usize(0..places.len())];
                sign_out(cloud, user, *device);
            }
            _ => {}
        }
    }
}

/// Ends the session of a device, however often that takes.
fn sign_out(cloud: &Cloud, user: &str, device: usize) {
    let Some(session) = cloud.gateway.signs_out(user, device) else { return };
    let (app, gateway) = (cloud.app.clone(), cloud.gateway.clone());
    let user = UserId::parse(user).expect("a user's name");
    let id = SessionId::parse(&session).expect("a session");
    tokio::spawn(async move {
        while shared::services::accounts::end(&app, &user, id).await.is_err() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        gateway.has_signed_out(user.as_str(), session);
    });
}

async fn pass_calm(cloud: &Cloud) {
    let end = Instant::now() + CALM;
    while Instant::now() < end {
        cloud.gateway.notice_silence();
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

impl Outcome {
    /// Every log of one conversation, in order.
    pub(crate) fn log_of<'a>(&'a self, conversation: &'a str) -> impl Iterator<Item = &'a Seen> {
        self.logs.iter().filter(move |seen| seen.conversation == conversation)
    }

    /// Everything that happened, with UUIDs named in the order they appear: those that the server
    /// made are the only thing that the seed does not decide.
    pub(crate) fn story(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut rename = |words: String| {
            let mut told = String::with_capacity(words.len());
            let mut rest = words.as_str();
            while let Some(head) = rest.chars().next() {
                if let Some(uuid) = rest.get(..36).filter(|it| uuid::Uuid::try_parse(it).is_ok()) {
                    let known = names.iter().position(|name| name == uuid);
                    let number = known.unwrap_or_else(|| {
                        names.push(uuid.to_owned());
                        names.len() - 1
                    });
                    told.push_str(&format!("<{number}>"));
                    rest = &rest[36..];
                } else {
                    told.push(head);
                    rest = &rest[head.len_utf8()..];
                }
            }
            told
        };
        self.record.events().iter().map(|event| rename(format!("{event:?}"))).collect()
    }
}
