import { findsMutants } from './finds-mutants.ts';
import { sequenceMutants } from './mutants.ts';

findsMutants(sequenceMutants);
