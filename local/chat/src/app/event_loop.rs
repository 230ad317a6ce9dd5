//! The life of a client: one loop that waits for whatever comes next.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::pin;
use std::time::{Duration, Instant};

use client::Client;
use client::connection::{self, Connection};
use fastrand::Rng;
use protocol::{Received, Seq};
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::draft::Draft;
use super::http_requests::{HttpRequests, Reply};
use super::place::{Destination, Place, Presences};
use super::quiet::Quiet;
use super::signals::interrupted;
use crate::editor::{Keyboard, SharedNames, SharedPrompt};
use crate::input::{Input, read_lines};
use crate::mentions::Named;
use crate::paint::Paint;
use crate::screen::Show;

/// How often the client looks at its clocks.
const TICK: Duration = Duration::from_millis(100);
/// How many messages may wait for their acks before more of a pipe is read.
const UNSENT: usize = 64;
/// How long the next line waits for the place that a command leads to.
const ON_THE_WAY: Duration = Duration::from_secs(3);

/// How a client is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// By a person in a terminal, for as long as they like.
    Terminal,
    /// Through pipes, until the input has ended and everything is acknowledged.
    Pipe { timeout: Duration, listens: bool },
}

/// A client, with everything it needs.
pub(crate) struct App {
    pub(super) me: String,
    pub(super) mode: Mode,
    pub(super) client: Client,
    pub(super) asker: HttpRequests,
    pub(super) place: Option<Place>,
    /// Where one wants to be, and the place itself once it is known.
    pub(super) destination: Option<Destination>,
    pub(super) going: Option<Place>,
    pub(super) may_create: bool,
    pub(super) looked_back: HashMap<String, u64>,
    /// Who can be called in a room, as far as that was asked.
    pub(super) members: HashMap<String, Vec<Named>>,
    /// Of which rooms that is being asked.
    pub(super) asks_members: HashSet<String>,
    /// Who can be called where one is, for whoever types.
    pub(super) callable: SharedNames,
    /// What is to be said as soon as that is known.
    pub(super) held: VecDeque<(Place, Draft)>,
    pub(super) presence: Presences,
    /// What one does not want to be told.
    pub(super) quiet: Quiet,
    /// How far one has read what is shown, as far as that is known here.
    pub(super) read: HashMap<String, Seq>,
    pub(super) typing_until: Option<Instant>,
    pub(super) shared_prompt: SharedPrompt,
    pub(super) has_failed: bool,
    pub(super) answers_in: UnboundedSender<Reply>,
    answers: UnboundedReceiver<Reply>,
    pub(super) connection: Connection,
    shows: UnboundedSender<Show>,
    inputs_in: Sender<Input>,
    pub(super) inputs: Receiver<Input>,
    edits: bool,
    /// Since when the next line waits for the place that the last one leads to.
    waits_since: Option<Instant>,
    pub(super) input_has_ended: bool,
    pub(super) leaves_by: Option<Instant>,
    pub(super) end: Option<anyhow::Result<()>>,
    pub(super) progressed: Instant,
    pub(super) trouble: Option<String>,
    is_told_down: bool,
}

impl App {
    /// A client of `me` on this connection, that shows things there.
    pub(crate) fn new(
        me: &str,
        history: usize,
        mode: Mode,
        asker: HttpRequests,
        connection: Connection,
        shows: UnboundedSender<Show>,
    ) -> Self {
        let (answers_in, answers) = unbounded_channel();
        let (inputs_in, inputs) = crate::input::way();
        Self {
            me: me.to_owned(),
            mode,
            client: Client::new(me, history, Rng::new()),
            asker,
            place: None,
            destination: None,
            going: None,
            may_create: false,
            looked_back: HashMap::new(),
            members: HashMap::new(),
            asks_members: HashSet::new(),
            callable: SharedNames::default(),
            held: VecDeque::new(),
            presence: Presences::new(),
            quiet: Quiet::default(),
            read: HashMap::new(),
            typing_until: None,
            shared_prompt: SharedPrompt::default(),
            has_failed: false,
            answers_in,
            answers,
            connection,
            shows,
            inputs_in,
            inputs,
            edits: false,
            waits_since: None,
            input_has_ended: false,
            leaves_by: None,
            end: None,
            progressed: Instant::now(),
            trouble: None,
            is_told_down: false,
        }
    }

    /// Goes to a place, and chats until the end; an error if not everything that was said is kept.
    pub(crate) async fn run(
        mut self,
        destination: Option<Destination>,
        may_create: bool,
    ) -> anyhow::Result<()> {
        self.may_create = may_create;
        match destination {
            Some(destination) => self.go(destination),
            None => self.input_has_ended = self.mode != Mode::Terminal,
        }
        if self.mode != Mode::Terminal && !self.input_has_ended {
            read_lines(self.inputs_in.clone());
        }
        let mut tick = tokio::time::interval(TICK);
        let mut interrupted = pin!(interrupted());
        let outcome = loop {
            tokio::select! {
                event = self.connection.events.recv() => self.heard(event),
                input = self.inputs.recv(), if self.takes_input() => self.typed(input),
                answer = self.answers.recv() => answer.into_iter().for_each(|it| self.handle_reply(it)),
                () = &mut interrupted => self.leave_by(Instant::now()),
                () = self.shows.closed() => break self.end_unread(),
                _ = tick.tick() => {}
            }
            if let Err(error) = self.keep(Instant::now()) {
                break Err(error);
            }
            if let Some(end) = self.end.take() {
                break end;
            }
        };
        self.hang_up().await;
        outcome
    }

    pub(super) fn show(&self, show: Show) {
        // Whoever closed the output ends the client, in `run`.
        drop(self.shows.send(show));
    }

    /// Something went on as it should.
    pub(super) fn progressed(&mut self) {
        self.progressed = Instant::now();
    }

    /// Lines are edited from the time on that it is known where they go, if the terminal can do that.
    fn begin_editing(&mut self) -> anyhow::Result<()> {
        self.edits = true;
        if !Paint::wanted().moves() {
            read_lines(self.inputs_in.clone());
            return Ok(());
        }
        let (prompt, names) = (self.shared_prompt.clone(), self.callable.clone());
        let (keyboard, printer) =
            Keyboard::start(prompt, names, Paint::wanted(), self.inputs_in.clone())?;
        self.show(Show::Editor(keyboard, printer));
        self.waits_since = Some(Instant::now());
        Ok(())
    }

    /// What is typed ahead is for the place that the last command leads to.
    fn takes_input(&self) -> bool {
        match self.mode {
            Mode::Terminal => self.waits_since.is_none(),
            Mode::Pipe { .. } => {
                !self.input_has_ended && self.place.is_some() && self.client.unsent() < UNSENT
            }
        }
    }

    fn typed(&mut self, input: Option<Input>) {
        match input {
            Some(Input::Line(line)) if self.mode == Mode::Terminal => {
                self.run_command(&line);
                self.waits_since = Some(Instant::now());
            }
            Some(Input::Line(line)) => {
                if self.client.unsent() == 0 {
                    self.progressed();
                }
                if !line.is_empty() {
                    self.say(&line);
                }
            }
            Some(Input::Typing) => {
                if let Some(place) = &self.place {
                    self.client.type_to(&place.target, Instant::now());
                }
            }
            Some(Input::Calling) => self.learn_members(),
            Some(Input::End) | None if self.mode == Mode::Terminal => self.run_command("/quit"),
            Some(Input::End) | None => self.input_has_ended = true,
            Some(Input::Interrupted) => self.leave_by(Instant::now()),
            Some(Input::Unreadable(reason)) => {
                self.fail(&format!("the input cannot be read: {reason}"));
            }
        }
    }

    fn heard(&mut self, event: Option<connection::Event>) {
        match event {
            Some(connection::Event::Up) => {
                self.client.begin(Instant::now());
                // Who came and went meanwhile was not told.
                self.presence.clear();
                self.look_for_other();
                self.ask_all_settings();
                if std::mem::take(&mut self.is_told_down) {
                    self.show(Show::Notice("connected".into()));
                }
                self.trouble = None;
            }
            Some(connection::Event::Frame(frame)) => self.heard_frame(&frame),
            Some(connection::Event::Down(reason)) => {
                self.client.end();
                if !std::mem::replace(&mut self.is_told_down, true) {
                    let notice = format!("not connected: {reason}; trying again");
                    self.show(Show::Notice(notice));
                }
                self.trouble = Some(reason);
            }
            Some(connection::Event::Refused(reason)) => self.fail(&reason),
            Some(connection::Event::Closed) | None => {}
        }
    }

    fn heard_frame(&mut self, text: &str) {
        let before = self.client.unsent();
        let value = serde_json::from_str(text).unwrap_or(Value::Null);
        if let Some(received) = Received::read(text) {
            self.show(Show::Frame(value));
            self.client.receive(received, Instant::now());
        }
        if self.client.unsent() < before {
            self.progressed();
        }
    }

    /// Does what is due.
    fn keep(&mut self, now: Instant) -> anyhow::Result<()> {
        if !self.client.keep(now) {
            self.client.end();
            self.command(connection::Command::Replace);
        }
        for frame in self.client.frames() {
            self.command(connection::Command::Send(frame.encode()));
        }
        self.handle_events();
        self.prompt(now);
        if self.mode == Mode::Terminal {
            self.keep_editing(now)?;
        }
        if self.end.is_none() && self.is_done(now) {
            self.end = Some(self.outcome());
        }
        Ok(())
    }

    pub(super) fn command(&self, command: connection::Command) {
        // A connection that has ended for good has said so.
        drop(self.connection.commands.send(command));
    }

    /// Lets the person type, or takes what they typed ahead, unless the last command still leads them
    /// somewhere.
    fn keep_editing(&mut self, now: Instant) -> anyhow::Result<()> {
        let is_under_way = self.destination.is_some() || self.going.is_some();
        if !self.edits && !is_under_way {
            self.begin_editing()?;
        }
        let waits = |since: Instant| is_under_way && now - since < ON_THE_WAY;
        if self.edits && self.leaves_by.is_none() && self.waits_since.is_some_and(|it| !waits(it)) {
            self.waits_since = None;
            self.show(Show::Resume);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Json;
    use axum::routing::get;
    use clap::Parser;
    use client::Target;
    use protocol::Presence;
    use serde_json::json;

    use super::*;
    use crate::account::Account;
    use crate::addresses::Addresses;
    use crate::editor::lock;
    use crate::http::Http;
    use crate::names::Names;
    use crate::options::Options;

    /// A client of alice, at a terminal, of a server where nobody is online and bob is in every room.
    async fn client() -> App {
        let member = json!({
            "user": "bob", "role": "member", "muted": false, "joined_at": "2026-01-01T00:00:00.000Z",
        });
        let router = axum::Router::new()
            .route("/api/online_users", get(async || Json([(); 0])))
            .route("/api/rooms/{room}/members", get(async move || Json([member])));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        let options = Options::parse_from(["chat", "--user", "alice", "--http", &http]);
        let addresses = Addresses::new(&options.url, options.http.as_deref()).unwrap();
        let account = Account::of(&options, Http::new(&addresses).unwrap()).unwrap();
        let asker = HttpRequests { names: Names::new(account.clone()), account };
        let connection =
            Connection { commands: unbounded_channel().0, events: unbounded_channel().1 };
        App::new("alice", 20, Mode::Terminal, asker, connection, unbounded_channel().0)
    }

    #[tokio::test]
    async fn who_left_while_there_was_no_connection_is_not_taken_to_be_there() {
        let mut client = client().await;
        client.place = Some(Place::with("alice", "bob", "bob"));
        client.presence.insert("bob".into(), Presence::Online);
        client.heard(Some(connection::Event::Up));
        assert_eq!(client.presence.get("bob"), None);
        while client.presence.is_empty() {
            let answer = client.answers.recv().await.unwrap();
            client.handle_reply(answer);
        }
        assert_eq!(client.presence.get("bob"), Some(&Presence::Offline));
    }

    #[tokio::test]
    async fn whoever_can_be_called_is_offered_to_somebody_who_calls() {
        let mut client = client().await;
        let (conversation, target) = ("room:7".to_owned(), Target::Room("7".to_owned()));
        client.place = Some(Place { conversation, target, name: "#tea".to_owned() });
        client.typed(Some(Input::Calling));
        client.typed(Some(Input::Calling));
        let answer = client.answers.recv().await.unwrap();
        client.handle_reply(answer);
        assert_eq!(*lock(&client.callable), ["bob", "everyone"]);
        // It was asked once, and is known now.
        client.typed(Some(Input::Calling));
        assert!(client.asks_members.is_empty() && client.answers.try_recv().is_err());
    }
}
