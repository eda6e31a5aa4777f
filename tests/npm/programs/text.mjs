import nlp from 'compromise';
import { franc } from 'franc';
import i18next from 'i18next';
console.log(nlp('she walks').verbs().toPastTense().out('text'), franc('Alle Menschen sind frei und gleich an Würde und Rechten geboren'));
await i18next.init({
  lng: 'de',
  resources: { de: { translation: { k: 'hallo {{n}}', x_one: 'eins', x_other: 'viele' } } },
  showSupportNotice: false,
});
console.log(i18next.t('k', { n: 1 }), i18next.t('x', { count: 5 }));
