/**
 * What CRM users read of what `setup` makes: labels in English, Dutch, German and French. Guarantees a text for every
 * base language: English where there is none of its own. Pure.
 */
export interface Text {
  readonly en: string;
  readonly nl: string;
  readonly de: string;
  readonly fr: string;
}

const english = 0x09;
const languages: Readonly<Record<number, keyof Text>> = { [english]: 'en', 19: 'nl', 7: 'de', 12: 'fr' };

/** @param language LCID of the organization's base language; its low ten bits are the language without the country */
export function textIn(text: Text, language: number): string {
  return text[languages[language & 0x3ff] ?? 'en'];
}

function text(en: string, nl: string, de: string, fr: string): Text {
  return { en, nl, de, fr };
}

export const tableTexts = {
  one: text('Marketing Job', 'Marketingtaak', 'Marketingauftrag', 'Tâche marketing'),
  many: text('Marketing Jobs', 'Marketingtaken', 'Marketingaufträge', 'Tâches marketing'),
  description: text(
    'Asks the email connector to anonymize or to synchronise a person, and shows its answer.',
    'Vraagt de e-mailconnector om een persoon te anonimiseren of te synchroniseren, en toont het antwoord.',
    'Bittet den E-Mail-Konnektor, eine Person zu anonymisieren oder zu synchronisieren, und zeigt die Antwort.',
    'Demande au connecteur de courriel d’anonymiser ou de synchroniser une personne, et montre sa réponse.',
  ),
};

export const columnTexts = {
  name: text('Name', 'Naam', 'Name', 'Nom'),
  operation: text('Operation', 'Bewerking', 'Vorgang', 'Opération'),
  customer: text('Customer', 'Klant', 'Kunde', 'Client'),
  lead: text('Lead', 'Lead', 'Lead', 'Prospect'),
  status: text('Status', 'Status', 'Status', 'Statut'),
  resultCode: text('Result Code', 'Resultaatcode', 'Ergebniscode', 'Code du résultat'),
  resultDetail: text('Result Detail', 'Resultaat', 'Ergebnis im Einzelnen', 'Détail du résultat'),
  completedOn: text('Completed On', 'Voltooid op', 'Abgeschlossen am', 'Terminée le'),
  recordId: text('Record Id', 'Record-id', 'Datensatz-Id', 'Id de l’enregistrement'),
  recordTable: text('Record Table', 'Tabel van record', 'Tabelle des Datensatzes', 'Table de l’enregistrement'),
  owner: text('Owner', 'Eigenaar', 'Besitzer', 'Propriétaire'),
};

export const columnDescriptions = {
  name: text('Title of the job.', 'Titel van de taak.', 'Titel des Auftrags.', 'Titre de la tâche.'),
  operation: text('What to do.', 'Wat er moet gebeuren.', 'Was zu tun ist.', 'Ce qu’il faut faire.'),
  customer: text(
    'The contact or account concerned.',
    'De contactpersoon of het account waarom het gaat.',
    'Der betroffene Kontakt oder die betroffene Firma.',
    'Le contact ou le compte concerné.',
  ),
  lead: text('The lead concerned.', 'De lead waarom het gaat.', 'Der betroffene Lead.', 'Le prospect concerné.'),
  status: text('How far it is.', 'Hoe ver het is.', 'Wie weit es ist.', 'Où elle en est.'),
  resultCode: text(
    'The result in short, written by the connector.',
    'Het resultaat in het kort, geschreven door de connector.',
    'Das Ergebnis in Kürze, vom Konnektor geschrieben.',
    'Le résultat en bref, écrit par le connecteur.',
  ),
  resultDetail: text(
    'One line for each target, written by the connector.',
    'Een regel per doel, geschreven door de connector.',
    'Eine Zeile je Ziel, vom Konnektor geschrieben.',
    'Une ligne par cible, écrite par le connecteur.',
  ),
  completedOn: text(
    'When the connector was done.',
    'Wanneer de connector klaar was.',
    'Wann der Konnektor fertig war.',
    'Quand le connecteur a terminé.',
  ),
  recordId: text(
    'Copy of the id; to be filled in for a record that is gone.',
    'Kopie van de id; in te vullen voor een record dat er niet meer is.',
    'Kopie der Id; auszufüllen für einen Datensatz, den es nicht mehr gibt.',
    'Copie de l’id ; à remplir pour un enregistrement qui n’existe plus.',
  ),
  recordTable: text(
    'contact, lead or account; to be filled in for a record that is gone.',
    'contact, lead of account; in te vullen voor een record dat er niet meer is.',
    'contact, lead oder account; auszufüllen für einen Datensatz, den es nicht mehr gibt.',
    'contact, lead ou account ; à remplir pour un enregistrement qui n’existe plus.',
  ),
};

export const optionTexts = {
  anonymizeContact: text('Anonymize Contact', 'Contact anonimiseren', 'Kontakt anonymisieren', 'Anonymiser le contact'),
  syncContact: text('Sync Contact', 'Contact synchroniseren', 'Kontakt synchronisieren', 'Synchroniser le contact'),
  pending: text('Pending', 'In afwachting', 'Ausstehend', 'En attente'),
  inProgress: text('In Progress', 'Bezig', 'In Bearbeitung', 'En cours'),
  succeeded: text('Succeeded', 'Geslaagd', 'Erfolgreich', 'Réussie'),
  failed: text('Failed', 'Mislukt', 'Fehlgeschlagen', 'Échouée'),
};

export const viewTexts = {
  pending: text(
    'Pending Marketing Jobs',
    'Openstaande marketingtaken',
    'Ausstehende Marketingaufträge',
    'Tâches marketing en attente',
  ),
  failed: text(
    'Failed Marketing Jobs',
    'Mislukte marketingtaken',
    'Fehlgeschlagene Marketingaufträge',
    'Tâches marketing échouées',
  ),
  done: text(
    'Done Marketing Jobs',
    'Voltooide marketingtaken',
    'Erledigte Marketingaufträge',
    'Tâches marketing terminées',
  ),
};

export const sectionTexts = {
  wish: text('What to do', 'Wat er moet gebeuren', 'Was zu tun ist', 'Ce qu’il faut faire'),
  answer: text('Result', 'Resultaat', 'Ergebnis', 'Résultat'),
  gone: text(
    'For a record that is gone',
    'Voor een record dat er niet meer is',
    'Für einen Datensatz, den es nicht mehr gibt',
    'Pour un enregistrement qui n’existe plus',
  ),
};
