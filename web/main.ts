import type { Reason, Room, Session } from '../src/client/index.ts';
import { connect } from '../src/client/index.ts';
import { linkTo, readAddress } from './address.ts';
import { Call } from './call.ts';
import { openBoth, stop } from './devices.ts';
import { byId, say } from './elements.ts';
import { developmentToken, forgetIdentity, NoTokens, tabIdentity } from './tokens.ts';
import { explain, explainDevice, sentence } from './words.ts';

const HISTORY = 50;

const address = readAddress(location);
const before = byId('before');
const during = byId('call');
const after = byId('after');
const form = byId<HTMLFormElement>('join-form');
const nameField = byId<HTMLInputElement>('name');
const roomField = byId<HTMLInputElement>('room');
const tokenField = byId<HTMLTextAreaElement>('token');
const preview = byId<HTMLVideoElement>('preview');
let media: MediaStream | undefined;
let joining = false;
let joinedWithout = false;

roomField.value = address.room;
nameField.value = address.name;
tokenField.value = address.token;
(roomField.value === '' ? roomField : nameField).focus();

byId('preview-on').onclick = () => void showPreview();
form.onsubmit = (event) => {
  event.preventDefault();
  const { submitter } = event;
  void join(submitter instanceof HTMLButtonElement && submitter.value === 'without');
};
byId('rejoin').onclick = () => void rejoin();
byId('back').onclick = () => {
  show(before);
  roomField.focus();
};
byId('copy-link').onclick = () => void copyLink();

/** Devices are asked for by a click, never by the page itself. */
async function showPreview(): Promise<boolean> {
  try {
    stop(media);
    media = await openBoth();
  } catch (error) {
    media = undefined;
    fail(`${explainDevice(error, 'camera and microphone')} You can join without them.`);
    return false;
  }
  const hasPicture = media.getVideoTracks().length > 0;
  preview.srcObject = media;
  preview.hidden = !hasPicture;
  byId('preview-on').hidden = true;
  say(byId('preview-hint'), hasPicture ? '' : 'Your microphone is on. No camera was found.');
  fail('');
  return true;
}

async function join(without: boolean): Promise<void> {
  if (joining) return;
  busy(true);
  fail('');
  joinedWithout = without;
  try {
    if (without) closePreview();
    else if (media === undefined && !(await showPreview())) return;
    await start();
  } catch (error) {
    if (error instanceof NoTokens) {
      byId('token-part').hidden = false;
      tokenField.focus();
      fail('A token is needed to join.');
      return;
    }
    show(before);
    fail(explain(error));
  } finally {
    busy(false);
  }
}

/** Opens a session and joins in the same round trip. */
async function start(): Promise<void> {
  const room = roomField.value.trim();
  const name = nameField.value.trim();
  const given = tokenField.value.trim();
  if (given === '') {
    // Asked once before connecting, so that a gateway without development tokens is told apart from one that is away.
    await developmentToken(room, tabIdentity(), name);
  }
  const session = await connect(location.origin, {
    token: given === '' ? () => developmentToken(room, tabIdentity(), name) : given,
    app: 'signalbox-call-page',
    keepSession: 'tab',
    ...(address.transport !== undefined && { transport: address.transport }),
    join: { room, name, history: HISTORY },
  });
  let joined: Room;
  try {
    joined = await session.join(room);
  } catch (error) {
    await session.close();
    throw error;
  }
  enter(session, joined);
}

function enter(session: Session, room: Room): void {
  history.replaceState(null, '', linkTo(room.name, location.href));
  show(during);
  const call = new Call(session, room, (reason) => {
    void session.close();
    left(reason);
  });
  byId('call-title').focus();
  const brought = media;
  media = undefined;
  closePreview();
  void call.publish(brought);
}

function left(reason: Reason): void {
  show(after);
  const own = reason === 'left';
  byId('after-title').textContent = own ? 'You left the call' : 'The call ended';
  say(byId('after-detail'), own ? '' : sentence(reason));
  // The identity lives on where it was used last; this tab comes back as somebody of its own.
  if (reason === 'replaced') forgetIdentity();
  byId('after-title').focus();
}

async function rejoin(): Promise<void> {
  show(before);
  await join(joinedWithout);
}

function closePreview(): void {
  stop(media);
  media = undefined;
  preview.srcObject = null;
  preview.hidden = true;
  byId('preview-on').hidden = false;
  say(byId('preview-hint'), 'Your camera is off.');
}

async function copyLink(): Promise<void> {
  const button = byId('copy-link');
  try {
    await navigator.clipboard.writeText(linkTo(roomField.value.trim(), location.href));
    button.textContent = 'Link copied';
  } catch {
    button.textContent = 'Copy it from the address bar';
  }
  setTimeout(() => {
    button.textContent = 'Copy link';
  }, 3_000);
}

function show(section: HTMLElement): void {
  for (const each of [before, during, after]) each.hidden = each !== section;
}

function fail(text: string): void {
  say(byId('join-error'), text);
}

function busy(now: boolean): void {
  joining = now;
  for (const id of ['join-with', 'join-without']) byId<HTMLButtonElement>(id).disabled = now;
  byId('join-with').textContent = now ? 'Joining…' : 'Join';
}
