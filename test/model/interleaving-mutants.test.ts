import { findsMutants } from './finds-mutants.ts';
import { interleavingMutants } from './mutants.ts';

findsMutants(interleavingMutants);
