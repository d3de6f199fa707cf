/** TLS itself: who is there, with what, and how often. */
import { attempt } from './attempt.ts';
import { identity } from './classes/identity.ts';
import { renegotiation } from './classes/renegotiation.ts';
import { tlsDowngrade } from './classes/tls-downgrade.ts';

attempt([renegotiation, tlsDowngrade, identity]);
