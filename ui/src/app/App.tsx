import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { Route, Switch } from "wouter";
import { followEvents } from "../api/events";
import { OverviewPage } from "../pages/overview/OverviewPage";
import { EmptyState } from "../parts/EmptyState";
import { Skeleton } from "../parts/Skeleton";
import { Frame } from "./Frame";

const SessionsPage = lazy(() => import("../pages/sessions/SessionsPage"));
const SessionPage = lazy(() => import("../pages/session/SessionPage"));
const UsagePage = lazy(() => import("../pages/usage/UsagePage"));
const DoctorPage = lazy(() => import("../pages/doctor/DoctorPage"));

export function App() {
  const client = useQueryClient();
  useEffect(() => followEvents(client), [client]);
  return (
    <Frame>
      <Suspense fallback={<Skeleton lines={8} label="Loading the page" />}>
        <Switch>
          <Route path="/" component={OverviewPage} />
          <Route path="/sessions" component={SessionsPage} />
          <Route path="/sessions/:id">{({ id }) => <SessionPage key={id} id={id ?? ""} />}</Route>
          <Route path="/usage" component={UsagePage} />
          <Route path="/doctor" component={DoctorPage} />
          <Route>
            <EmptyState title="There is no such page">
              The address may be from another version of dashcam.
            </EmptyState>
          </Route>
        </Switch>
      </Suspense>
    </Frame>
  );
}
