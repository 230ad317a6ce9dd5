//! The settings of the functions, as options of the local server.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use shared::config::{SETTINGS, Setting};

/// What each setting is set to, by its variable.
#[derive(Clone, Debug)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Default for Settings {
    /// What holds if nobody sets anything.
    fn default() -> Self {
        let defaults = SETTINGS.iter().map(|it| (it.variable, it.default.to_owned()));
        Self(defaults.collect())
    }
}

impl Settings {
    /// Sets one.
    ///
    /// # Panics
    ///
    /// If there is no such setting.
    pub fn set(&mut self, variable: &str, value: &str) {
        let known = self.0.get_mut(variable);
        *known.unwrap_or_else(|| panic!("{variable} is no setting")) = value.to_owned();
    }

    /// The value of one, if there is such a setting.
    pub fn get(&self, variable: &str) -> Option<String> {
        self.0.get(variable).cloned()
    }
}

/// The option of a setting: `--rate-limit` of `RATE_LIMIT`.
fn option(setting: &'static Setting) -> Arg {
    let name = setting.variable.to_lowercase();
    let check = |value: &str| setting.check(value).map(|()| value.to_owned());
    Arg::new(name.clone())
        .long(name.replace('_', "-"))
        .env(format!("CONFAB_{}", setting.variable))
        .default_value(setting.default)
        .value_name(setting.value_name)
        .value_parser(check)
        .help(setting.help)
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(option))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut settings = Self::default();
        settings.update_from_arg_matches(matches)?;
        Ok(settings)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for setting in &SETTINGS {
            if let Some(value) = matches.get_one::<String>(&setting.variable.to_lowercase()) {
                self.set(setting.variable, value);
            }
        }
        Ok(())
    }
}
