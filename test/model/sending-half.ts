import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import type { SendFramesResult } from '../../src/core/send-frames.ts';

/** Makes one call of SendFrames. */
type Call = (frames: readonly Uint8Array[], done: (result: SendFramesResult) => void) => void;

/** The sending half of a connection without full duplex: calls of SendFrames, one at a time. */
export class SendingHalf {
  /** The next answer is lost. */
  losesAnswer = false;
  readonly #make: Call;
  readonly #answered: (result: SendFramesResult) => void;
  readonly #askAgain: () => void;
  #waiting: Uint8Array[] = [];
  #calls = false;
  #isOpen = true;

  /** `askAgain`: what was not answered is to be sent again, and with it what came after. */
  constructor(make: Call, answered: (result: SendFramesResult) => void, askAgain: () => void) {
    this.#make = make;
    this.#answered = answered;
    this.#askAgain = askAgain;
  }

  send(frames: readonly Uint8Array[]): void {
    this.#waiting.push(...frames);
    this.#call();
  }

  close(): void {
    this.#isOpen = false;
  }

  #call(): void {
    if (this.#calls || this.#waiting.length === 0 || !this.#isOpen) return;
    this.#calls = true;
    const frames = this.#waiting;
    this.#waiting = [];
    this.#make(frames, (result) => {
      if (this.#isOpen) this.#take(result);
    });
    // What is kept longer than the call was copied.
    for (const frame of frames) frame.fill(0xff);
  }

  #take(result: SendFramesResult): void {
    this.#calls = false;
    const isLost = this.losesAnswer;
    this.losesAnswer = false;
    const isToWait = result.kind === 'refused' && result.ending.nextStep === NextStep.RESUME;
    if (isLost || isToWait) {
      this.#waiting = [];
      this.#askAgain();
      return;
    }
    this.#answered(result);
    this.#call();
  }
}
