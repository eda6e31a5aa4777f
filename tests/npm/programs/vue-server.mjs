import { createSSRApp, ref, computed } from 'vue';
import { renderToString, renderToWebStream, renderToNodeStream } from 'vue/server-renderer';
const make = () =>
  createSSRApp({
    setup() {
      const n = ref(2);
      const d = computed(() => n.value * 2);
      return { n, d, items: ['a', 'b'] };
    },
    template: '<div :class="{on: n}">{{ d }}<ul><li v-for="i in items" :key="i">{{ i }}</li></ul></div>',
  });
console.log(await renderToString(make()));
console.log(await new Response(renderToWebStream(make())).text());
let text = '';
for await (const chunk of renderToNodeStream(make())) text += chunk;
console.log(text);
