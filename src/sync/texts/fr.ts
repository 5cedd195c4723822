/** French. */
import type { JobTexts } from './texts.ts';

export const french: JobTexts = {
  refusals: {
    operationUnknown:
      'L’opération de cette tâche n’est pas connue. Choisissez Anonymiser le contact ou Synchroniser le contact et créez une nouvelle tâche.',
    bothGiven: 'Client et Prospect sont tous deux remplis. Créez une nouvelle tâche avec un seul des deux.',
    notARecord:
      'Id de l’enregistrement et Table de l’enregistrement ne désignent aucun enregistrement. Id de l’enregistrement est l’id de la ligne, Table de l’enregistrement est contact, lead ou account.',
    nobodyGiven:
      'Aucune personne n’est indiquée. Remplissez Client ou Prospect ; pour un enregistrement qui n’existe plus, remplissez Id de l’enregistrement et Table de l’enregistrement.',
    incomplete: 'Cette tâche n’était pas complète lors de sa première lecture. Créez une nouvelle tâche.',
    tableNotSynchronised: (table) =>
      `Les enregistrements de la table ${table} ne sont pas synchronisés par ce connecteur ; rien n’en a donc été envoyé nulle part.`,
  },
  erasure: {
    abandoned: (target) =>
      `${target} : non effacé : la cible a été retirée de la configuration ; qui s’y trouve encore doit être effacé à la main.`,
    absent: (target) => `${target} : personne ne s’y trouvait (HTTP 404 Not Found) ; il n’y avait rien à effacer.`,
    absentOrHidden: (target) =>
      `${target} : personne n’y était visible (HTTP 404 Not Found) ; qui y avait été masqué auparavant n’est pas effacé.`,
    onlyHidden: (target, status) =>
      `${target} : non effacé, seulement masqué ; la plateforme peut l’annuler (HTTP ${status}).`,
    erased: (target, status) => `${target} : effacé (HTTP ${status}).`,
    erasedByHand: (target) => `${target} : effacé à la main, comme il le fallait ; personne ne s’y trouve plus.`,
    erasedAnswerLost: (target) =>
      `${target} : effacé ; la réponse de la plateforme s’est perdue en chemin, et personne ne s’y trouve plus.`,
    purgedWithin: (days) => `La plateforme supprime sa dernière copie dans les ${days} jours.`,
    vendorBackups: (days) => `Les sauvegardes du fournisseur peuvent garder une copie pendant ${days} jours.`,
    leftToDo: (step) => `Reste à faire à la main : ${step}`,
    notYet: (target, reason) => `${target} : pas encore effacé : ${reason}`,
    atWork: (target) => `${target} : pas encore effacé ; c’est en cours.`,
    paused: (reason) => `la cible est en pause (${reason})`,
    keepOut:
      'L’enregistrement dans Dynamics peut toujours être synchronisé : sa prochaine modification recrée la personne. Pour qu’elle reste dehors, activez « ne pas autoriser les courriers électroniques » (donotemail), ou désactivez l’enregistrement avec « anonymiser si inactif » activé.',
  },
  waiting: {
    explicitLimit: (perHour) =>
      `plus de ${perHour} effacements ont été demandés en une heure ; celui-ci attend son tour ou une approbation`,
    explicitRejected: 'quelqu’un a refusé cet effacement dans la liste des cas retenus',
    blockedByCrm: (column) =>
      `selon Dynamics, cette personne ne peut pas être effacée maintenant (colonne ${column}) ; cela reprendra dès que ce sera modifié.`,
    lateEffect: 'envoyé ; ce sera envoyé une fois de plus quand rien de plus ancien ne pourra encore arriver',
    unexpected: 'une erreur inattendue ; un nouvel essai suivra',
    outsidePilot:
      'la cible est en phase pilote, et cette personne n’en fait pas partie : rien n’y est envoyé tant qu’elle n’y est pas admise ou que le pilote dure',
    dryRun: 'la cible est en essai à blanc (dryRun: true) : rien n’y est envoyé tant que ce réglage reste',
    pausedByOperator: 'un administrateur l’a mise en pause',
  },
  note: {
    subject: 'Plateforme d’e-mail : la situation de cette personne',
    decided: (action, because, rule) => `Décision : ${action}. ${because} (règle ${rule})`,
    rules: {
      deleted: 'L’enregistrement a été supprimé dans Dynamics.',
      'erased-on-request': 'Quelqu’un a demandé d’effacer cette personne, et ce n’est pas encore terminé.',
      'erased-before': 'Cette personne a été effacée sur demande, et l’enregistrement n’a pas changé depuis.',
      suppressed: 'L’adresse ou l’enregistrement est sur la liste de ceux qui ne doivent plus être ajoutés.',
      'no-email': 'L’enregistrement n’a pas d’adresse e-mail, ou quelque chose qui ne peut pas en être une.',
      'do-not-email': 'Selon l’enregistrement, cette personne ne doit pas recevoir d’e-mails.',
      inactive: 'L’enregistrement n’est pas actif, et ces personnes sont anonymisées.',
      merged: 'L’enregistrement est un doublon qui a été fusionné avec un autre.',
      'do-not-bulk-email': 'Selon l’enregistrement, cette personne ne veut pas d’e-mails en masse.',
      'out-of-scope': 'L’enregistrement ne fait pas partie de ceux choisis pour la plateforme d’e-mail.',
      'inactive-kept':
        'L’enregistrement n’est pas actif ; ces personnes sont tenues à jour, mais aucune n’est ajoutée.',
      eligible: 'Rien ne s’y oppose.',
    },
    states: {
      new: (target) => `${target} : absente.`,
      absent: (target) => `${target} : absente.`,
      live: (target) =>
        `${target} : présente, avec les autorisations de Dynamics pour autant qu’elles puissent être accordées.`,
      reset: (target) => `${target} : présente, sans aucune autorisation.`,
      held: (target) =>
        `${target} : présente, sans aucune autorisation, parce qu’une anonymisation devait être examinée.`,
      anonymized: (target) => `${target} : anonymisée.`,
    },
    notYet: (target) => `${target} : rien n’a encore été envoyé.`,
    held: (target) => `${target} : l’anonymisation attend que quelqu’un l’ait examinée.`,
    parked: (target, reason, code) => `${target} : non fait : ${reason} (${code})`,
    shared: 'D’autres enregistrements ont la même adresse e-mail ; la personne y vaut pour tous ensemble.',
    written: (at) => `État au ${at}. Le connecteur tient cette note à jour ; ce qu’on y change est perdu.`,
    merged: 'Cette note concernait un enregistrement qui a été fusionné avec un autre.',
    erased: 'La personne a été effacée sur demande :',
  },
  sync: {
    actions: {
      sync: 'synchronisé',
      resetPermissions: 'toutes les autorisations retirées',
      anonymize: 'anonymisé',
      ignore: 'rien fait',
    },
    applied: (target, action, rule) => `${target} : ${action} (règle ${rule}).`,
    nothingSent: (target, reason) => `${target} : rien n’a été envoyé : ${reason}.`,
    notYet: (target, reason) => `${target} : pas encore synchronisé : ${reason}`,
  },
};
