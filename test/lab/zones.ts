/** The whole table: every zone of the lab and every question over them. */
import type { Question } from './question.ts';
import type { Zone } from './zone.ts';
import { signingQuestions, signings } from './zones/signing.ts';
import { tree } from './zones/tree.ts';

export const zones: readonly Zone[] = [...tree, ...signings];

export const questions: readonly Question[] = [...signingQuestions];
