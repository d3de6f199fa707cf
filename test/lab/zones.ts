/** The whole table: every zone of the lab and every question over them. */
import type { Question } from './question.ts';
import type { Zone } from './zone.ts';
import { aliases, aliasQuestions } from './zones/aliases.ts';
import { broken, brokenQuestions } from './zones/broken.ts';
import { delegationQuestions, delegations, ladder } from './zones/delegations.ts';
import { denialQuestions, denials } from './zones/denial.ts';
import { faultQuestions, faultyZones } from './zones/faults.ts';
import { mailQuestions, mailZones } from './zones/mail.ts';
import { odd, oddQuestions } from './zones/odd.ts';
import { signingQuestions, signings } from './zones/signing.ts';
import { trapQuestions, traps } from './zones/traps.ts';
import { tree } from './zones/tree.ts';

export const zones: readonly Zone[] = [
  ...tree,
  ...signings,
  ...denials,
  ...delegations,
  ...ladder,
  ...aliases,
  ...faultyZones,
  broken,
  ...odd,
  ...traps,
  ...mailZones,
];

export const questions: readonly Question[] = [
  ...signingQuestions,
  ...denialQuestions,
  ...delegationQuestions,
  ...aliasQuestions,
  ...faultQuestions,
  ...brokenQuestions,
  ...oddQuestions,
  ...trapQuestions,
  ...mailQuestions,
];
