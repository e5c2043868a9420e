import type { Mutant } from './mutant.ts';

const session = 'core/session/session.ts';
const incoming = 'core/session/incoming.ts';
const outgoing = 'core/session/outgoing.ts';
const opening = 'core/session/open-session.ts';
const engine = 'engine/memory/memory-engine.ts';
const inbox = 'engine/memory/inbox.ts';

/** Each rule of the delivery protocol, taken out. The promise rests on a rule where something breaks without it. */
export const sequenceMutants: readonly Mutant[] = [
  {
    rule: 'receipts before trim',
    by: 'sequences',
    edits: [
      {
        file: inbox,
        from: `    this.#log.trim(seq, (entry) => {
      entry.pool?.giveBack(entry.body);
      if (entry.flagged === undefined) return;
      flagged ??= [];
      flagged.push(entry.flagged);
    });`,
        to: `    const { lo } = this.#log;
    this.#log.trim(seq);
    for (let one = lo + 1; one <= seq; one += 1) {
      const entry = this.#log.at(one);
      if (entry?.flagged === undefined) continue;
      flagged ??= [];
      flagged.push(entry.flagged);
    }`,
      },
    ],
  },
  {
    rule: 'Errors before their acknowledgement',
    by: 'sequences',
    edits: [{ file: outgoing, from: 'this.#sent === hi ? this.#takeAck() : 0', to: 'this.#takeAck()' }],
  },
  {
    rule: 'attempts fence',
    by: 'sequences',
    edits: [
      { file: engine, from: 'if (request.attempt < session.attempt) {', to: 'if (request.attempt < 0) {' },
      { file: opening, from: 'if (attempt < session.attempt) {', to: 'if (attempt < 0) {' },
    ],
  },
  {
    rule: 'one attachment',
    by: 'sequences',
    edits: [
      {
        file: session,
        from: `before.connection.end(endingOf(Reason.REPLACED, 'the session was taken over by a newer connection'));`,
        to: '',
      },
    ],
  },
  {
    rule: 'a stale connection evicts nobody',
    by: 'sequences',
    edits: [
      {
        file: session,
        from: `if (this.#state.kind !== 'attached' || this.#state.connection !== connection) return;`,
        to: `if (this.#state.kind !== 'attached') return;`,
      },
    ],
  },
  {
    rule: 'the secret is compared',
    by: 'sequences',
    edits: [
      {
        file: engine,
        from: 'if (!this.#crypto.equal(session.info.secretHash, request.secretHash)) {',
        to: 'if (session.info.secretHash === request.tenant) {',
      },
    ],
  },
  {
    rule: 'a session is bound to its identity',
    by: 'sequences',
    edits: [
      {
        file: engine,
        from: 'session.info.identity !== request.identity || session.info.tenant !== request.tenant',
        to: 'session.info.tenant !== request.tenant',
      },
    ],
  },
  {
    rule: 'a session outlives its connection',
    by: 'sequences',
    edits: [
      {
        file: session,
        from: 'this.wait(this.holdMs ?? this.host.limits.resumeWindowMs);',
        to: 'this.wait((this.holdMs ?? this.host.limits.resumeWindowMs) / 2);',
      },
    ],
  },
  {
    rule: 'a join before its signals',
    by: 'sequences',
    edits: [
      {
        file: outgoing,
        from: 'if (this.#mayRead(membership)) this.#addRoom(run, membership, tick);',
        to: 'if (this.#mayRead(membership)) later.push(membership);',
      },
      {
        file: outgoing,
        from: '    let early = 0;',
        to: '    let early = 0;\n    const later: Membership[] = [];',
      },
      {
        file: outgoing,
        from: '    if (this.#sent < hi) host.markDirty(this.#session);\n    else if',
        to: `    for (const membership of later) this.#addRoom(run, membership, tick);
    if (this.#sent < hi) host.markDirty(this.#session);
    else if`,
      },
    ],
  },
  {
    rule: 'what was accepted stays',
    by: 'sequences',
    edits: [
      {
        file: inbox,
        from: `      this.#marks.refuse(sender);
      return 'overflow';`,
        to: '      this.#log.trim(this.#log.lo + 1);',
      },
    ],
  },
  {
    rule: 'a frame that comes again is known',
    by: 'sequences',
    edits: [{ file: incoming, from: 'if (seq < this.#expected) {', to: 'if (seq < 0) {' }],
  },
  {
    rule: 'refusals count as done',
    by: 'sequences',
    edits: [
      {
        file: incoming,
        from: `    if (refusal !== undefined) this.#batch?.refused(seq, refusal);
`,
        to: `    if (refusal !== undefined) {
      this.#batch?.refused(seq, refusal);
      this.#expected = seq;
      return;
    }
`,
      },
    ],
  },
  {
    rule: 'only what was written is acknowledged',
    by: 'sequences',
    edits: [{ file: session, from: 'Math.min(seq, this.outgoing.sent)', to: 'seq' }],
  },
  {
    rule: 'a place that was trimmed is told by Resync',
    by: 'sequences',
    edits: [{ file: outgoing, from: 'receivedSeq >= inbox.lo && ', to: '' }],
  },
  {
    rule: 'who fell behind gets a snapshot',
    by: 'sequences',
    edits: [{ file: outgoing, from: 'before.offset < view.log.lo || ', to: '' }],
  },
  {
    rule: 'a snapshot holds what it jumps over',
    by: 'sequences',
    edits: [
      {
        file: outgoing,
        from: 'this.#addSnapshot(run, membership, self, 0, before.offset);',
        to: 'this.#addSnapshot(run, membership, self, 0, view.log.hi);',
      },
    ],
  },
  {
    rule: 'wills of lost sessions are told',
    by: 'sequences',
    edits: [
      {
        file: session,
        from: 'return reason === Reason.LEASE_EXPIRED || reason === Reason.SLOW_CONSUMER;',
        to: 'return reason === Reason.SLOW_CONSUMER;',
      },
    ],
  },
  {
    rule: 'whose receiver is gone gets its receipts',
    by: 'sequences',
    edits: [
      {
        file: session,
        from: 'sendReceipts(this.host, unread, undeliveredBecause(reason)),',
        to: 'undefined,',
      },
    ],
  },
  {
    rule: 'a restart hands over what is done',
    by: 'sequences',
    edits: [
      { file: 'core/session/restore-session.ts', from: 'session.incoming.restore(saved.done);', to: '' },
    ],
  },
  {
    rule: 'a restart hands over the wills',
    by: 'sequences',
    edits: [
      {
        file: 'core/session/restore-session.ts',
        from: 'if (will !== undefined) {',
        to: 'if (will === null) {',
      },
    ],
  },
];

/** Rules that only an engine over a network needs, or that matter only where operations overlap. */
export const interleavingMutants: readonly Mutant[] = [
  {
    rule: 'one batch per log',
    by: 'interleavings',
    edits: [
      {
        file: incoming,
        from: `    this.#pending = settled
      .catch(`,
        to: `    settled
      .catch(`,
      },
    ],
  },
  {
    rule: 'sticky refusal',
    by: 'interleavings',
    edits: [
      {
        file: 'core/sender-marks.ts',
        from: `return mark.refused && seq === mark.seq ? 'refused' : 'duplicate';`,
        to: `return 'duplicate';`,
      },
    ],
  },
  {
    rule: 'Errors in order and before later frames',
    by: 'interleavings',
    edits: [
      {
        file: incoming,
        from: 'return when(host.engine.appendOwn(id, encodeFrameError(seq, refusal)), () => this.#finish(seq, true));',
        to: `void host.engine.appendOwn(id, encodeFrameError(seq, refusal));
    this.#finish(seq, true);`,
      },
    ],
  },
  {
    rule: 'acknowledged is what is done',
    by: 'interleavings',
    edits: [
      {
        file: incoming,
        from: '      this.#expected = seq + 1;',
        to: `      this.#expected = seq + 1;
      this.#finish(seq, true);`,
      },
    ],
  },
  {
    rule: 'a log drops what it was given before',
    by: 'interleavings',
    edits: [
      {
        file: 'core/sender-marks.ts',
        from: 'if (seq <= mark.seq) return',
        to: 'if (seq < 0) return',
      },
    ],
  },
  {
    rule: 'attempts fence while the engine answers',
    by: 'interleavings',
    edits: [{ file: opening, from: 'if (attempt < session.attempt) {', to: 'if (attempt < 0) {' }],
  },
  {
    rule: 'a session that ended is not taken up',
    by: 'interleavings',
    edits: [{ file: opening, from: 'if (opener.session(id) !== session) return ended;', to: '' }],
  },
];
