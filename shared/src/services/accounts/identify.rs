//! Whether what a request shows is true.

use secrecy::{ExposeSecret, SecretString};

use super::profile::of_subject;
use crate::auth::credentials::Credential;
use crate::auth::identity::Identity;
use crate::auth::{Authenticator, Grant, tokens};
use crate::{App, Error};

/// The longest credential; API Gateway takes no longer headers either
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>).
const MAX_BYTES: usize = 10 * 1024;

/// Who shows `credential`. Asks the table once whether the session goes on.
pub async fn identify(app: &App, credential: &Credential) -> Result<Identity, Error> {
    let (Credential::Token(secret) | Credential::Ticket(secret) | Credential::Key(secret)) =
        credential;
    if secret.expose_secret().len() > MAX_BYTES {
        return Err(Error::Untrusted("the token is not valid"));
    }
    match credential {
        Credential::Token(token) => identify_by_token(app, token).await,
        Credential::Ticket(ticket) => identify_by_ticket(app, ticket).await,
        // A key is nobody: it may mint a token for somebody.
        Credential::Key(_) => Err(Error::Untrusted("a key opens no connection")),
    }
}

/// Who shows an access token: of a session that goes on, or of the outside issuer.
pub async fn identify_by_token(app: &App, token: &SecretString) -> Result<Identity, Error> {
    let (token, now) = (token.expose_secret(), app.clock.now());
    let tokens = match &app.authenticator {
        Authenticator::Oidc(oidc) => {
            let subject = oidc.verify(token, now).await?;
            let until = Some(subject.expires_at);
            let user = of_subject(app, subject).await?;
            return Ok(Identity { user, session: None, until });
        }
        authenticator => authenticator.tokens()?,
    };
    let Grant { user, session, until } = tokens.check(token, now).await?;
    let identity = Identity { user, session: Some(session), until: Some(until) };
    of_live_session(app, identity).await
}

async fn identify_by_ticket(app: &App, ticket: &SecretString) -> Result<Identity, Error> {
    let hash = tokens::hash(ticket.expose_secret().as_bytes());
    let ticket = app.store.take_ticket(&hash, app.clock.now()).await?;
    let ticket = ticket.ok_or(Error::Untrusted("the ticket is not valid"))?;
    let identity =
        Identity { user: ticket.user, session: ticket.session, until: Some(ticket.until) };
    of_live_session(app, identity).await
}

async fn of_live_session(app: &App, identity: Identity) -> Result<Identity, Error> {
    let Some(session) = identity.session else {
        // Of an outside issuer, whose subject was known when the ticket was issued.
        let account = app.store.account(&identity.user).await?;
        let known = account.is_some_and(|account| account.open);
        return known.then_some(identity).ok_or(Error::DELETED);
    };
    if !app.store.session_goes_on(&identity.user, session, app.clock.now()).await? {
        return Err(Error::Untrusted("the session has ended"));
    }
    Ok(identity)
}
