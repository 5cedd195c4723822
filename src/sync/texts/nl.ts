/** Dutch. */
import type { JobTexts } from './texts.ts';

export const dutch: JobTexts = {
  refusals: {
    operationUnknown:
      'De bewerking van deze taak is niet bekend. Kies Contact anonimiseren of Contact synchroniseren en maak een nieuwe taak.',
    bothGiven: 'Klant en Lead zijn allebei ingevuld. Maak een nieuwe taak met maar een van de twee.',
    notARecord:
      'Record-id en Tabel van record wijzen geen record aan. Record-id is de id van de rij, Tabel van record is contact, lead of account.',
    nobodyGiven:
      'Er is geen persoon opgegeven. Vul Klant of Lead in; vul voor een record dat er niet meer is Record-id en Tabel van record in.',
    incomplete: 'Deze taak was niet volledig toen zij voor het eerst werd gelezen. Maak een nieuwe taak.',
    tableNotSynchronised: (table) =>
      `Records van de tabel ${table} worden door deze connector niet gesynchroniseerd; er is dus nergens iets van verstuurd.`,
  },
  erasure: {
    abandoned: (target) =>
      `${target}: niet gewist: het doel is uit de configuratie gehaald; wie daar nog staat, moet met de hand worden gewist.`,
    absent: (target) => `${target}: daar stond niemand (HTTP 404 Not Found); er hoefde niets te worden gewist.`,
    absentOrHidden: (target) =>
      `${target}: daar was niemand te zien (HTTP 404 Not Found); wie daar al eerder verborgen was, is niet gewist.`,
    onlyHidden: (target, status) =>
      `${target}: niet gewist, alleen verborgen; het platform kan dat terugdraaien (HTTP ${status}).`,
    erased: (target, status) => `${target}: gewist (HTTP ${status}).`,
    erasedByHand: (target) => `${target}: met de hand gewist, zoals nodig was; daar staat niemand meer.`,
    erasedAnswerLost: (target) =>
      `${target}: gewist; het antwoord van het platform ging onderweg verloren, en daar staat niemand meer.`,
    purgedWithin: (days) => `Het platform verwijdert zijn laatste kopie binnen ${days} dagen.`,
    vendorBackups: (days) => `In back-ups van de leverancier kan nog ${days} dagen een kopie staan.`,
    leftToDo: (step) => `Nog met de hand te doen: ${step}`,
    notYet: (target, reason) => `${target}: nog niet gewist: ${reason}`,
    atWork: (target) => `${target}: nog niet gewist; er wordt aan gewerkt.`,
    paused: (reason) => `het doel is gepauzeerd (${reason})`,
    keepOut:
      'Het record in Dynamics kan nog altijd worden gesynchroniseerd: bij de volgende wijziging wordt de persoon opnieuw aangemaakt. Wie buiten moet blijven: zet "geen e-mail toestaan" (donotemail) aan, of deactiveer het record terwijl "anonimiseren bij inactief" aanstaat.',
  },
  waiting: {
    explicitLimit: (perHour) =>
      `binnen een uur zijn meer dan ${perHour} verwijderingen aangevraagd; deze wacht op haar beurt of op goedkeuring`,
    explicitRejected: 'iemand heeft deze verwijdering in de lijst van tegengehouden gevallen afgewezen',
    blockedByCrm: (column) =>
      `volgens Dynamics mag deze persoon nu niet worden gewist (kolom ${column}); het gaat verder zodra dat verandert.`,
    lateEffect: 'verstuurd; het wordt nog een keer verstuurd zodra niets ouders meer kan aankomen',
    unexpected: 'een onverwachte fout; het wordt opnieuw geprobeerd',
    outsidePilot:
      'het doel is in een proef, en deze persoon doet daar niet aan mee: er wordt niets heen gestuurd tot de proef de persoon opneemt of voorbij is',
    dryRun: 'het doel draait op proef (dryRun: true): er wordt niets heen gestuurd tot dat eruit is gehaald',
    pausedByOperator: 'een beheerder heeft het gepauzeerd',
  },
  sync: {
    actions: {
      sync: 'gesynchroniseerd',
      resetPermissions: 'alle toestemmingen uitgezet',
      anonymize: 'geanonimiseerd',
      ignore: 'niets gedaan',
    },
    applied: (target, action, rule) => `${target}: ${action} (regel ${rule}).`,
    nothingSent: (target, reason) => `${target}: er is niets verstuurd: ${reason}.`,
    notYet: (target, reason) => `${target}: nog niet gesynchroniseerd: ${reason}`,
  },
};
