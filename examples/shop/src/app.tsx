import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { Layout } from "@/components/shop/layout";
import { ProductsPage } from "@/pages/products";

// The first page alone loads with the shop.
const CartPage = lazy(async () => ({
  default: (await import("@/pages/cart")).CartPage,
}));
const CheckoutPage = lazy(async () => ({
  default: (await import("@/pages/checkout")).CheckoutPage,
}));
const ResultPage = lazy(async () => ({
  default: (await import("@/pages/result")).ResultPage,
}));
const PlansPage = lazy(async () => ({
  default: (await import("@/pages/plans")).PlansPage,
}));
const SubscribePage = lazy(async () => ({
  default: (await import("@/pages/plans")).SubscribePage,
}));
const ConsentPage = lazy(async () => ({
  default: (await import("@/pages/consent")).ConsentPage,
}));
const MyAccountPage = lazy(async () => ({
  default: (await import("@/pages/my")).MyAccountPage,
}));

/** The shop's pages. */
export function App() {
  return (
    <Layout>
      <Suspense>
        <Switch>
          <Route path="/" component={ProductsPage} />
          <Route path="/cart" component={CartPage} />
          <Route path="/checkout" component={CheckoutPage} />
          <Route path="/payment/success">
            <ResultPage kind="success" />
          </Route>
          <Route path="/payment/fail">
            <ResultPage kind="fail" />
          </Route>
          <Route path="/plans" component={PlansPage} />
          <Route path="/plans/:planId">
            {({ planId }) => <SubscribePage planId={planId} />}
          </Route>
          <Route path="/consent" component={ConsentPage} />
          <Route path="/my" component={MyAccountPage} />
          <Route component={ProductsPage} />
        </Switch>
      </Suspense>
    </Layout>
  );
}
