import Joi from 'joi';
import * as yup from 'yup';
import * as v from 'valibot';
import validator from 'validator';
console.log(Joi.object({ a: Joi.number().required(), e: Joi.string().email() }).validate({ e: 'q' }).error.message);
console.log(
  await yup
    .object({ a: yup.number().min(3) })
    .validate({ a: 1 })
    .catch((e) => e.errors),
);
console.log(v.safeParse(v.object({ a: v.pipe(v.string(), v.minLength(3)) }), { a: 'x' }).issues[0].message);
console.log(validator.isEmail('a@b.de'), validator.isIP('::1'), validator.escape('<a>'));
