/**
 * Real senders that ask the advisor, or the library, and send to the domains of the lab: the same verdicts as the relay's own.
 *
 * All of them share a lab, which takes longer to start than most of them: `--test-name-pattern` picks one.
 */
import './advised/postfix.ts';
import './advised/exim.ts';
import './advised/haraka.ts';
import './advised/nodemailer.ts';
