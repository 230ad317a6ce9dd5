// The start: who is it, and then the chat.

import { Session } from "./confab/index.js";
import { open } from "./app.js";
import { signIn } from "./sign_in.js";
import { storage } from "./storage.js";
import { complain } from "./toasts.js";

const NAME = "confab.name";
const TOKEN = "confab.token";

/** Who is signed in already, per way of proving who one is; `undefined` if it is nobody. */
const remembered = {
  open: () => {
    const user = storage.getItem(NAME);
    return user ? named(user) : undefined;
  },
  accounts: () => {
    const session = Session.restore("");
    return session && ofSession(session);
  },
  oidc: () => {
    const token = sessionStorage.getItem(TOKEN);
    return token ? ofToken(token) : undefined;
  },
};

const signingIn = {
  open: ({ name }) => {
    storage.setItem(NAME, name);
    return named(name);
  },
  accounts: async ({ name, password, displayName, isNew }) => {
    const person = { username: name, password };
    if (isNew) return ofSession(await Session.register("", { ...person, displayName: displayName || undefined }));
    return ofSession(await Session.login("", person));
  },
  // For this tab only: a token of an issuer elsewhere is not this page's to keep.
  oidc: ({ token }) => {
    sessionStorage.setItem(TOKEN, token);
    return ofToken(token);
  },
};

// What `Chat` is to show, and how to be nobody again: by one's own wish, or since one is refused.
function named(user) {
  return { credentials: { user }, forget: () => storage.removeItem(NAME) };
}

function ofToken(token) {
  return { credentials: { token }, forget: () => sessionStorage.removeItem(TOKEN) };
}

function ofSession(session) {
  const logout = (options) => session.logout(options);
  return { credentials: { token: (refused) => session.token(refused) }, forget: () => session.forget(), logout, hasSessions: true };
}

async function start() {
  const answer = await fetch("config.json");
  if (!answer.ok) throw new Error(`the settings did not come: ${answer.status}`);
  const { websocket_url, auth_mode } = await answer.json();
  const url = new URL(websocket_url, location.href);
  url.protocol = url.protocol.replace(/^http/, "ws");
  await enter({ url: url.href, mode: auth_mode });
}

/** Shows the sign-in unless somebody is signed in already; `told` is why one has to sign in again. */
async function enter(settings, told) {
  const { mode } = settings;
  const identity = remembered[mode]();
  if (identity) await chat(settings, identity);
  else signIn(mode, told, async (answers) => chat(settings, await signingIn[mode](answers)));
}

async function chat(settings, { credentials, forget, logout = forget, hasSessions }) {
  await open({
    ...settings,
    ...{ credentials, hasSessions },
    signOut: async (options) => {
      try {
        await logout(options);
      } catch (error) {
        complain("You are signed out here, but the server could not be told.", error);
      }
      await enter(settings);
    },
    refused: async (reason) => {
      forget();
      await enter(settings, reason);
    },
  });
}

start().catch((error) => complain("The chat could not be opened. Load the page again in a moment.", error));
