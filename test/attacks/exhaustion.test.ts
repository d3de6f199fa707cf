/** Whoever holds or fills us, on every protocol in every role. */
import { attempt } from './attempt.ts';
import { exhaustion } from './classes/exhaustion.ts';

attempt([exhaustion]);
