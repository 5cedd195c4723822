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
  note: {
    subject: 'E-mailplatform: hoe deze persoon er daar voor staat',
    decided: (action, because, rule) => `Besluit: ${action}. ${because} (regel ${rule})`,
    rules: {
      deleted: 'Het record is in Dynamics verwijderd.',
      'erased-on-request': 'Iemand heeft gevraagd deze persoon te wissen, en dat is nog niet klaar.',
      'erased-before': 'Deze persoon is op verzoek gewist, en het record is sindsdien niet gewijzigd.',
      suppressed: 'Het adres of het record staat op de lijst van mensen die niet opnieuw mogen worden toegevoegd.',
      'no-email': 'Het record heeft geen e-mailadres, of iets dat er geen kan zijn.',
      'do-not-email': 'Volgens het record mag deze persoon geen e-mail krijgen.',
      inactive: 'Het record is niet actief, en zulke mensen worden geanonimiseerd.',
      merged: 'Het record is een dubbel dat met een ander is samengevoegd.',
      'do-not-bulk-email': 'Volgens het record wil deze persoon geen bulkmail.',
      'out-of-scope': 'Het record hoort niet bij de records die voor het e-mailplatform zijn gekozen.',
      'inactive-kept': 'Het record is niet actief; zulke mensen worden bijgehouden, maar er komt niemand bij.',
      eligible: 'Niets staat het in de weg.',
    },
    states: {
      new: (target) => `${target}: niet aanwezig.`,
      absent: (target) => `${target}: niet aanwezig.`,
      live: (target) => `${target}: aanwezig, met de toestemmingen van Dynamics voor zover die mogen worden aangezet.`,
      reset: (target) => `${target}: aanwezig, zonder enige toestemming.`,
      held: (target) =>
        `${target}: aanwezig, zonder enige toestemming, omdat een anonimisering moest worden beoordeeld.`,
      anonymized: (target) => `${target}: geanonimiseerd.`,
    },
    notYet: (target) => `${target}: er is nog niets verstuurd.`,
    held: (target) => `${target}: het anonimiseren wacht tot iemand het heeft beoordeeld.`,
    parked: (target, reason, code) => `${target}: niet gedaan: ${reason} (${code})`,
    shared: 'Andere records hebben hetzelfde e-mailadres; de persoon daar staat voor allemaal samen.',
    written: (at) => `Stand van ${at}. De connector houdt deze notitie bij; wat erin wordt gewijzigd, gaat verloren.`,
    merged: 'Deze notitie ging over een record dat met een ander is samengevoegd.',
    erased: 'De persoon is op verzoek gewist:',
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
