import { callWith } from './call-states.ts';
import type { State } from './state.ts';
import type { Theatre } from './theatre.ts';

async function withDialog(theatre: Theatre, item: string) {
  const { page } = await callWith(theatre, 1, { moderate: true });
  await page.click('#more');
  await page.click(item);
  return page;
}

/** What opens beside or over the call. */
export const TOOL_STATES: readonly State[] = [
  {
    name: 'chat-empty',
    title: 'The chat, before anything is said',
    proof: '#chat-text',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 1);
      await page.click('#chat-toggle');
      return page;
    },
  },
  {
    name: 'chat',
    title: 'Chat: links, an own line, one that failed, one that waits',
    proof: '#chat .message[data-state=pending]',
    show: async (theatre) => {
      const gateway = await theatre.gateway({ limits: { messageBytes: 160 } });
      const { page } = await callWith(theatre, 2, { url: gateway.url });
      await page.click('#chat-toggle');
      const say = async (text: string) => {
        await page.fill('#chat-text', text);
        await page.press('#chat-text', 'Enter');
      };
      await theatre.others(
        'say',
        'Bo',
        'Morning! The notes are at https://example.org/notes?week=47 (second page).',
      );
      await theatre.others('say', 'Chidi', 'Thanks. <b>Shall we</b> begin with the budget?');
      await say('Yes, go ahead. I share my screen in a minute.');
      await theatre.others('say', 'Bo', 'שלום לכולם');
      await page.waitForFunction(() => document.querySelectorAll('.message[data-state=sent]').length === 4);
      await say(`A very long thought ${'that does not end '.repeat(8)}`);
      await page.waitForSelector('.message[data-state=failed]');
      await gateway.close();
      await page.waitForSelector('#call[data-phase=reconnecting]');
      await say('Can you still see me?');
      return page;
    },
  },
  {
    name: 'chat-unread',
    title: 'Unread messages, and a note of the last one',
    proof: '#chat-toggle .badge',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 2);
      await theatre.others('say', 'Bo', 'The notes are at https://example.org/notes');
      await theatre.others('say', 'Bo', 'Second page.');
      return page;
    },
    again: async (page, theatre) => {
      await theatre.others('say', 'Chidi', 'I have to go in five minutes.');
      await page.waitForSelector('.note');
    },
  },
  {
    name: 'notes',
    title: 'Somebody came, somebody left',
    proof: '#notes .note',
    show: async (theatre) => (await callWith(theatre, 2)).page,
    again: async (page, theatre) => {
      const { pathname: _path, searchParams } = new URL(page.url());
      const room = searchParams.get('room') ?? '';
      await theatre.come(room, 'Zoe', { sees: 'nobody', camera: false });
      await theatre.others('go', 'Zoe');
      await page.waitForFunction(() => document.querySelectorAll('.tile').length === 3);
    },
  },
  {
    name: 'reactions-menu',
    title: 'Reactions with their totals',
    proof: '.reaction',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 2);
      await theatre.others('react', 'Bo', 'like', 12);
      await theatre.others('react', 'Chidi', 'bravo', 3);
      await page.evaluate(() => document.querySelector<HTMLElement>('#react')?.click());
      return page;
    },
  },
  {
    name: 'reactions',
    title: 'Reactions float',
    proof: '.float-up',
    show: async (theatre) => (await callWith(theatre, 2)).page,
    again: async (page, theatre) => {
      await theatre.others('react', 'Bo', 'love', 3);
      await theatre.others('react', 'Chidi', 'like', 2);
      await page.waitForSelector('.float-up');
      await page.waitForTimeout(500);
    },
  },
  {
    name: 'people',
    title: 'People: hosts see who knocks and whose hand is up',
    proof: '#waiting .admit',
    show: async (theatre) => {
      const room = theatre.room('lobby');
      const page = await theatre.enter({ room, moderate: true });
      await theatre.come(room, 'Bo', { moderate: true });
      await theatre.others('raiseHand', 'Bo', true);
      await theatre.come(room, 'Chidi', { knock: 'From the sales team' });
      await theatre.come(room, 'Dana', { knock: '' });
      await page.click('.people-button');
      return page;
    },
  },
  {
    name: 'people-guest',
    title: 'People, as a guest sees them',
    proof: '#roster',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 4);
      await page.click('.people-button');
      return page;
    },
  },
  {
    name: 'details',
    title: 'Connection details',
    proof: '.peer-facts',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 2);
      await page.click('#more');
      await page.click('#more-details');
      // Rates need two looks.
      await page.waitForTimeout(2_500);
      return page;
    },
  },
  {
    name: 'more-menu',
    title: 'More, of a host',
    proof: '#more-menu[open]',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 1, { moderate: true });
      await page.click('#more');
      return page;
    },
  },
  {
    name: 'tile-menu',
    title: 'What a host can do with somebody',
    proof: '#tile-menu[open]',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 1, { moderate: true });
      await page.hover('.tile[data-name=Bo]');
      await page.click('.tile[data-name=Bo] .tile-tools button:last-child');
      return page;
    },
  },
  {
    name: 'settings',
    title: 'Devices and language, in the call',
    proof: '#settings-dialog[open]',
    show: (theatre) => withDialog(theatre, '#more-settings'),
  },
  {
    name: 'invite',
    title: 'Invite, in the call',
    proof: '#invite-dialog[open] .qr-code',
    show: (theatre) => withDialog(theatre, '#more-invite'),
  },
  {
    name: 'shortcuts',
    title: 'Keyboard shortcuts',
    proof: '#shortcuts-dialog[open]',
    show: (theatre) => withDialog(theatre, '#more-shortcuts'),
  },
  {
    name: 'locked',
    title: 'A call that a host has locked',
    proof: '.call-head .lock',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 2, { moderate: true });
      await page.click('#more');
      await page.click('#more-lock');
      await page.waitForSelector('.call-head .lock');
      await page.click('.people-button');
      return page;
    },
  },
];
