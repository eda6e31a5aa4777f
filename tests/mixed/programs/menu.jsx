// The pages of fastapi_react.py, in React. What they show comes from Python as it is: models, lists, coroutines.
import { Suspense, use } from 'react';

function Dish({ dish }) {
  return (
    <li title={dish.note}>
      {dish.name} {dish.price.toFixed(2)}
    </li>
  );
}

export function Menu({ dishes }) {
  return (
    <ul>
      {dishes.map((dish) => (
        <Dish key={dish.name} dish={dish} />
      ))}
    </ul>
  );
}

function Late({ text }) {
  return <b>{use(text)}</b>;
}

export function Page({ dishes, special }) {
  return (
    <html lang="en">
      <body>
        <Menu dishes={dishes} />
        <Suspense fallback={<i>soon</i>}>
          <Late text={special} />
        </Suspense>
      </body>
    </html>
  );
}
