/** What is said in clear, and taken for something said inside TLS, by either side. */
import { attempt } from './attempt.ts';
import { commandInjection } from './classes/command-injection.ts';
import { credentialTheft } from './classes/credential-theft.ts';
import { responseInjection } from './classes/response-injection.ts';

attempt([commandInjection, credentialTheft, responseInjection]);
