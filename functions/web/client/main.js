// The start: who is it, and then the chat.

import { Session } from "./confab/index.js";
import { open } from "./app.js";
import { signIn } from "./sign_in.js";
import { storage } from "./storage.js";
import { complain } from "./toasts.js";

const NAME = "confab.name";
const TOKEN = "confab.token";

/** What `Chat` is to show, per way of proving who one is; `undefined` if nobody is signed in. */
const remembered = {
  open: async () => {
    const user = storage.getItem(NAME);
    return user ? { credentials: { user }, forget: () => storage.removeItem(NAME) } : undefined;
  },
  accounts: async () => {
    const session = await Session.restore("", storage);
    return session ? ofSession(session) : undefined;
  },
  // For this tab only: a token of an issuer elsewhere is not this page's to keep.
  oidc: async () => {
    const token = sessionStorage.getItem(TOKEN);
    return token ? { credentials: { token }, forget: () => sessionStorage.removeItem(TOKEN) } : undefined;
  },
};

const signingIn = {
  open: async ({ name }) => storage.setItem(NAME, name),
  accounts: async ({ name, password, displayName, isNew }) => {
    if (isNew) await Session.register("", { username: name, password, displayName: displayName || undefined }, storage);
    else await Session.login("", { username: name, password }, storage);
  },
  oidc: async ({ token }) => sessionStorage.setItem(TOKEN, token),
};

function ofSession(session) {
  const forget = (options) => session.logout(options);
  return { credentials: { token: () => session.token() }, forget, hasSessions: true };
}

async function start() {
  const answer = await fetch("config.json");
  if (!answer.ok) throw new Error(`the settings did not come: ${answer.status}`);
  const { websocket_url, auth_mode } = await answer.json();
  const url = new URL(websocket_url, location.href);
  url.protocol = url.protocol.replace(/^http/, "ws");
  await enter({ url: url.href, mode: auth_mode });
}

/** Shows the chat, or the sign-in before it; `told` is why one has to sign in again. */
async function enter(settings, told) {
  const identity = await remembered[settings.mode]();
  if (!identity) {
    signIn(settings.mode, told, async (answers) => {
      await signingIn[settings.mode](answers);
      await enter(settings);
    });
    return;
  }
  await open({
    ...settings,
    ...identity,
    signOut: async (options) => {
      await identity.forget(options);
      await enter(settings);
    },
    refused: async (reason) => {
      await Promise.resolve(identity.forget()).catch(() => {});
      await enter(settings, reason);
    },
  });
}

start().catch((error) => complain("The chat could not be opened. Load the page again in a moment.", error));
