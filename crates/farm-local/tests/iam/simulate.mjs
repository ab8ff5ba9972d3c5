// Asks the simulator whether each request is allowed. Reads cases from standard input, writes one
// verdict for each to standard output: Allowed, ImplicitlyDenied, ExplicitlyDenied, or what is wrong
// with the question.
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const require = createRequire(join(process.argv[2], "package.json"));
const { runSimulation } = require("@cloud-copilot/iam-simulate");

const cases = JSON.parse(await text(process.stdin));
const verdicts = [];
for (const { identityPolicies, resourcePolicy, request } of cases) {
    const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
    const answer = await runSimulation(
        {
            identityPolicies,
            resourcePolicy,
            request,
            // An account that is in no organisation has none; the simulator wants one.
            serviceControlPolicies: [
                { orgIdentifier: "none", policies: [{ name: "everything", policy: everything }] },
            ],
            resourceControlPolicies: [],
        },
        {},
    );
    verdicts.push(answer.resultType === "error" ? `cannot be asked: ${JSON.stringify(answer.errors)}` : answer.overallResult);
}
process.stdout.write(JSON.stringify(verdicts));
