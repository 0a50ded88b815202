// A press lays a drawn parcel on the bench, as a scan would, and shows the bench. A plain form has no origin to check.
document.querySelectorAll(".drawn form").forEach((form) =>
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    const answer = await fetch(form.action, { method: "POST" }).catch(() => null);
    if (answer?.ok) location.assign(answer.url);
    else button.disabled = false;
  }),
);
