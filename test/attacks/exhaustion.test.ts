/** Whoever holds or fills us. */
import { attempt } from './attempt.ts';
import { exhaustion } from './classes/exhaustion.ts';

attempt([exhaustion]);
