import Stripe from 'stripe';
const stripe = new Stripe('sk', {
  httpClient: Stripe.createFetchHttpClient(async () => Response.json({ id: 'cus_1', object: 'customer' })),
});
console.log((await stripe.customers.create({ name: 'x' })).id);
const payload = '{"id":"evt_1","object":"event"}';
const header = stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec' });
console.log(stripe.webhooks.constructEvent(payload, header, 'whsec').id);
