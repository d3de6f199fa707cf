/** Text in the output of a plugin for Nagios. */

/** Octets; some agents carry a kilobyte in all. */
const LONGEST = 500;

/** The line of a plugin that could not do its work, by the guidelines for plugins. */
export function nagiosFailure(message: string): string {
  return `WAXWING UNKNOWN - ${harmless(message)}\n`;
}

/** Without what ends the text (|), what macros of notification commands may not have, and what pages take for markup. */
export function harmless(text: string): string {
  const line = text.replaceAll(';', ',').replace(/[^A-Za-z0-9 .,:/_@%+=#()[\]-]+/g, ' ');
  const whole = line.replace(/ {2,}/g, ' ').trim();
  return whole.length > LONGEST ? `${whole.slice(0, LONGEST - 3)}...` : whole;
}
