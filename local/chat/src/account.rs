//! Who one is, and what proves it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::http::{Credential, Http, HttpError, List};
use crate::options::Options;

/// How long signing out may take: people do not wait for it.
const FAREWELL: Duration = Duration::from_secs(2);

/// An account that stays signed in for as long as the client lives.
#[derive(Clone)]
pub(crate) struct Account {
    http: Http,
    proof: Arc<Proof>,
}

enum Proof {
    Name(String),
    Token(SecretString),
    Password { username: String, password: SecretString, tokens: Mutex<Option<Tokens>> },
}

struct Tokens {
    access: SecretString,
    refresh: SecretString,
    stale: Instant,
    over: Instant,
}

impl Account {
    /// The account that the command line names; asks for a password if there is one.
    pub(crate) fn of(options: &Options, http: Http) -> anyhow::Result<Self> {
        let proof = match (&options.user, &options.login, &options.token) {
            (Some(user), _, _) => Proof::Name(user.clone()),
            (None, Some(username), _) => {
                let (username, tokens) = (username.clone(), Mutex::default());
                Proof::Password { password: password(&username)?, username, tokens }
            }
            (None, None, Some(token)) => Proof::Token(token.clone()),
            (None, None, None) => anyhow::bail!("say who you are: --user, --login or --token"),
        };
        Ok(Self { http, proof: Arc::new(proof) })
    }

    /// One's own id.
    pub(crate) async fn id(&self) -> anyhow::Result<String> {
        if let Proof::Name(user) = &*self.proof {
            return Ok(user.clone());
        }
        let me: protocol::Person =
            self.ask(Method::GET, "/api/me", None).await.context("cannot sign in")?;
        Ok(me.id().to_owned())
    }

    /// Whether people's ids are what they are called.
    pub(crate) fn is_open(&self) -> bool {
        matches!(&*self.proof, Proof::Name(_))
    }

    /// Asks the HTTP API, as oneself.
    pub(crate) async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, HttpError> {
        let credential = self.credential().await?;
        self.http.ask(&credential, method, path, body).await
    }

    /// Asks the HTTP API for a list, as oneself.
    pub(crate) async fn list<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<List<T>, HttpError> {
        let credential = self.credential().await?;
        self.http.list(&credential, path).await
    }

    /// Asks the HTTP API for the first page of a list, as oneself.
    pub(crate) async fn first_page<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<List<T>, HttpError> {
        let credential = self.credential().await?;
        self.http.first_page(&credential, path).await
    }

    /// Asks the HTTP API for lines of text after a cursor, as oneself; and the cursor to go on after.
    pub(crate) async fn lines(
        &self,
        path: &str,
        after: Option<&str>,
    ) -> Result<(String, Option<String>), HttpError> {
        let credential = self.credential().await?;
        self.http.lines(&credential, path, after).await
    }

    /// What proves who one is, fresh if it can be had.
    pub(crate) async fn credential(&self) -> Result<Credential, HttpError> {
        match &*self.proof {
            Proof::Name(user) => Ok(Credential::Name(user.clone())),
            Proof::Token(token) => Ok(Credential::Token(token.clone())),
            Proof::Password { username, password, tokens } => {
                let mut tokens = tokens.lock().await;
                let fresh = match &*tokens {
                    Some(tokens) if Instant::now() < tokens.stale => {
                        return Ok(Credential::Token(tokens.access.clone()));
                    }
                    Some(old) => self.refresh(old, username, password).await?,
                    None => self.sign_in(username, password).await?,
                };
                let access = fresh.access.clone();
                *tokens = Some(fresh);
                Ok(Credential::Token(access))
            }
        }
    }

    /// When the connection is to be renewed, if it can be.
    pub(crate) async fn stale_at(&self) -> Option<Instant> {
        let Proof::Password { tokens, .. } = &*self.proof else { return None };
        tokens.lock().await.as_ref().map(|tokens| tokens.stale)
    }

    /// The server takes the token no more: the next is had by signing in anew. Whether there can be
    /// another.
    pub(crate) async fn is_refused(&self) -> bool {
        let Proof::Password { tokens, .. } = &*self.proof else { return false };
        tokens.lock().await.take().is_some()
    }

    /// Ends the session, if this client began it.
    pub(crate) async fn sign_out(&self) {
        let Proof::Password { tokens, .. } = &*self.proof else { return };
        let farewell = async {
            let credential = Credential::Token(tokens.lock().await.take()?.access);
            let body = Some(json!({}));
            self.http.ask_once::<Value>(&credential, Method::POST, "/api/logout", body).await.ok()
        };
        // A session that cannot be ended now ends by itself.
        drop(tokio::time::timeout(FAREWELL, farewell).await);
    }

    /// Exchanges the tokens. The refresh token is good once, and an answer that was lost may have
    /// spent it: then only the password helps.
    async fn refresh(
        &self,
        old: &Tokens,
        username: &str,
        password: &SecretString,
    ) -> Result<Tokens, HttpError> {
        let body = json!({ "refresh_token": old.refresh.expose_secret() });
        match self.http.ask_once(&Credential::None, Method::POST, "/api/refresh", Some(body)).await
        {
            Ok(signed_in) => Ok(Tokens::of(signed_in)),
            Err(_) => self.sign_in(username, password).await.or_else(|error| {
                let is_good = Instant::now() < old.over;
                let still =
                    Tokens { access: old.access.clone(), refresh: old.refresh.clone(), ..*old };
                if is_good { Ok(still) } else { Err(error) }
            }),
        }
    }

    async fn sign_in(&self, username: &str, password: &SecretString) -> Result<Tokens, HttpError> {
        let body = json!({ "username": username, "password": password.expose_secret() });
        let signed_in =
            self.http.ask(&Credential::None, Method::POST, "/api/login", Some(body)).await?;
        Ok(Tokens::of(signed_in))
    }
}

impl Tokens {
    fn of(signed_in: protocol::Tokens) -> Self {
        let (now, lifetime) = (Instant::now(), Duration::from_secs(signed_in.expires_in));
        Self {
            access: signed_in.access_token,
            refresh: signed_in.refresh_token,
            stale: now + lifetime * 2 / 3,
            over: now + lifetime,
        }
    }
}

/// The password, from the environment or from whoever sits there; it is never shown.
fn password(username: &str) -> anyhow::Result<SecretString> {
    if let Ok(password) = std::env::var("CONFAB_PASSWORD") {
        return Ok(password.into());
    }
    let prompt = format!("Password of {}: ", crate::text::visible(username));
    let password = rpassword::prompt_password(prompt)
        .context("no terminal to ask for the password; set CONFAB_PASSWORD")?;
    Ok(password.into())
}
