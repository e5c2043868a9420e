import { MemoryEngine } from '../../../src/engine/memory/memory-engine.ts';
import { engineContract } from '../contract.ts';

engineContract('the memory', (options) => new MemoryEngine(options));
