/** German. */
import type { JobTexts } from './texts.ts';

export const german: JobTexts = {
  refusals: {
    operationUnknown:
      'Der Vorgang dieses Auftrags ist nicht bekannt. Wählen Sie Kontakt anonymisieren oder Kontakt synchronisieren und legen Sie einen neuen Auftrag an.',
    bothGiven: 'Kunde und Lead sind beide ausgefüllt. Legen Sie einen neuen Auftrag mit nur einem von beiden an.',
    notARecord:
      'Datensatz-Id und Tabelle des Datensatzes bezeichnen keinen Datensatz. Datensatz-Id ist die Id der Zeile, Tabelle des Datensatzes ist contact, lead oder account.',
    nobodyGiven:
      'Es ist keine Person angegeben. Füllen Sie Kunde oder Lead aus; für einen Datensatz, den es nicht mehr gibt, Datensatz-Id und Tabelle des Datensatzes.',
    incomplete: 'Dieser Auftrag war nicht vollständig, als er zuerst gelesen wurde. Legen Sie einen neuen Auftrag an.',
    tableNotSynchronised: (table) =>
      `Datensätze der Tabelle ${table} werden von diesem Konnektor nicht synchronisiert; es wurde also nirgends etwas von ihnen gesendet.`,
  },
  erasure: {
    abandoned: (target) =>
      `${target}: nicht gelöscht: das Ziel wurde aus der Konfiguration genommen; wer dort noch steht, muss von Hand gelöscht werden.`,
    absent: (target) => `${target}: dort war niemand (HTTP 404 Not Found); es war nichts zu löschen.`,
    absentOrHidden: (target) =>
      `${target}: dort war niemand zu sehen (HTTP 404 Not Found); wer dort schon vorher verborgen war, ist nicht gelöscht.`,
    onlyHidden: (target, status) =>
      `${target}: nicht gelöscht, nur verborgen; die Plattform kann das rückgängig machen (HTTP ${status}).`,
    erased: (target, status) => `${target}: gelöscht (HTTP ${status}).`,
    erasedByHand: (target) => `${target}: von Hand gelöscht, wie es nötig war; dort ist niemand mehr.`,
    erasedAnswerLost: (target) =>
      `${target}: gelöscht; die Antwort der Plattform ging unterwegs verloren, und dort ist niemand mehr.`,
    purgedWithin: (days) => `Die Plattform entfernt ihre letzte Kopie innerhalb von ${days} Tagen.`,
    vendorBackups: (days) => `Sicherungen des Anbieters können noch ${days} Tage lang eine Kopie enthalten.`,
    leftToDo: (step) => `Noch von Hand zu tun: ${step}`,
    notYet: (target, reason) => `${target}: noch nicht gelöscht: ${reason}`,
    atWork: (target) => `${target}: noch nicht gelöscht; es wird daran gearbeitet.`,
    paused: (reason) => `das Ziel ist angehalten (${reason})`,
    keepOut:
      'Der Datensatz in Dynamics kann weiterhin synchronisiert werden: seine nächste Änderung legt die Person wieder an. Wer draußen bleiben soll: "keine E-Mails zulassen" (donotemail) setzen, oder den Datensatz deaktivieren, während "anonymisieren, wenn inaktiv" eingeschaltet ist.',
  },
  waiting: {
    explicitLimit: (perHour) =>
      `innerhalb einer Stunde wurden mehr als ${perHour} Löschungen verlangt; diese wartet, bis sie an der Reihe ist oder freigegeben wird`,
    explicitRejected: 'jemand hat diese Löschung in der Liste der angehaltenen Fälle abgelehnt',
    blockedByCrm: (column) =>
      `laut Dynamics darf diese Person jetzt nicht gelöscht werden (Spalte ${column}); es geht weiter, sobald sich das ändert.`,
    lateEffect: 'gesendet; es wird noch einmal gesendet, sobald nichts Älteres mehr ankommen kann',
    unexpected: 'ein unerwarteter Fehler; es wird erneut versucht',
    outsidePilot:
      'das Ziel ist in einem Probebetrieb, an dem diese Person nicht teilnimmt: dorthin wird nichts gesendet, bis sie aufgenommen wird oder der Probebetrieb endet',
    dryRun: 'das Ziel läuft im Probelauf (dryRun: true): dorthin wird nichts gesendet, bis das herausgenommen wird',
    pausedByOperator: 'ein Administrator hat es angehalten',
  },
  note: {
    subject: 'E-Mail-Plattform: wie diese Person dort steht',
    decided: (action, because, rule) => `Entscheidung: ${action}. ${because} (Regel ${rule})`,
    rules: {
      deleted: 'Der Datensatz wurde in Dynamics gelöscht.',
      'erased-on-request': 'Jemand hat verlangt, diese Person zu löschen, und das ist noch nicht abgeschlossen.',
      'erased-before': 'Diese Person wurde auf Verlangen gelöscht, und der Datensatz hat sich seitdem nicht geändert.',
      suppressed: 'Die Adresse oder der Datensatz steht auf der Liste derer, die nicht wieder angelegt werden dürfen.',
      'no-email': 'Der Datensatz hat keine E-Mail-Adresse, oder etwas, das keine sein kann.',
      'do-not-email': 'Laut Datensatz darf diese Person keine E-Mails bekommen.',
      inactive: 'Der Datensatz ist nicht aktiv, und solche Personen werden anonymisiert.',
      merged: 'Der Datensatz ist ein Duplikat, das mit einem anderen zusammengeführt wurde.',
      'do-not-bulk-email': 'Laut Datensatz will diese Person keine Massen-E-Mails.',
      'out-of-scope': 'Der Datensatz gehört nicht zu denen, die für die E-Mail-Plattform ausgewählt sind.',
      'inactive-kept': 'Der Datensatz ist nicht aktiv; solche Personen werden gepflegt, aber nicht neu angelegt.',
      eligible: 'Es spricht nichts dagegen.',
    },
    states: {
      new: (target) => `${target}: nicht vorhanden.`,
      absent: (target) => `${target}: nicht vorhanden.`,
      live: (target) => `${target}: vorhanden, mit den Einwilligungen aus Dynamics, soweit sie gesetzt werden dürfen.`,
      reset: (target) => `${target}: vorhanden, ohne jede Einwilligung.`,
      held: (target) => `${target}: vorhanden, ohne jede Einwilligung, weil eine Anonymisierung zu prüfen war.`,
      anonymized: (target) => `${target}: anonymisiert.`,
    },
    notYet: (target) => `${target}: es wurde noch nichts gesendet.`,
    held: (target) => `${target}: die Anonymisierung wartet, bis jemand sie geprüft hat.`,
    parked: (target, reason, code) => `${target}: nicht ausgeführt: ${reason} (${code})`,
    shared: 'Andere Datensätze haben dieselbe E-Mail-Adresse; die Person dort steht für alle zusammen.',
    written: (at) => `Stand ${at}. Der Konnektor hält diese Notiz aktuell; Änderungen darin gehen verloren.`,
    merged: 'Diese Notiz betraf einen Datensatz, der mit einem anderen zusammengeführt wurde.',
    erased: 'Die Person wurde auf Verlangen gelöscht:',
  },
  sync: {
    actions: {
      sync: 'synchronisiert',
      resetPermissions: 'alle Einwilligungen zurückgesetzt',
      anonymize: 'anonymisiert',
      ignore: 'nichts getan',
    },
    applied: (target, action, rule) => `${target}: ${action} (Regel ${rule}).`,
    nothingSent: (target, reason) => `${target}: es wurde nichts gesendet: ${reason}.`,
    notYet: (target, reason) => `${target}: noch nicht synchronisiert: ${reason}`,
  },
};
