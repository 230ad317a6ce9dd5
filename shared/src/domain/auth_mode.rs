//! How people prove who they are.

/// How the server learns who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Whoever names a user is believed to be them: for trials only.
    Open,
    /// People register here, and show tokens.
    Accounts,
    /// People show tokens of an outside issuer.
    Oidc,
}

impl AuthMode {
    /// Reads what [`name`](Self::name) says.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Accounts, Self::Oidc].into_iter().find(|mode| mode.name() == name)
    }

    /// The mode as `AUTH_MODE` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accounts => "accounts",
            Self::Oidc => "oidc",
        }
    }
}
