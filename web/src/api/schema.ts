// Generated from docs/openapi.json by `npm run generate`. Do not edit.
export interface paths {
    "/api/advancedqueries/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a query as clients of Microsoft Defender's advanced hunting do. */
        post: operations["advanced_queries_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/application-blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists rules, newest first. */
        get: operations["application_blocks_list"];
        put?: never;
        /** Makes a rule. */
        post: operations["application_blocks_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/application-blocks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a rule. */
        get: operations["application_blocks_get"];
        put?: never;
        post?: never;
        /** Ends a rule: devices release what it held at their next contact. */
        delete: operations["application_blocks_cancel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/application-blocks/{id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the devices of a rule, by name. */
        get: operations["application_blocks_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/application-blocks/{id}/mode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes whether a rule warns or blocks. */
        post: operations["application_blocks_set_mode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the audit log, newest first: an administrator all of it, everybody else their own entries. */
        get: operations["audit_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the checks that profiles can name. */
        get: operations["baseline_checks_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists profiles with how they stand. */
        get: operations["baseline_profiles_list"];
        put?: never;
        /** Makes a profile. */
        post: operations["baseline_profiles_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a profile with how it stands. */
        get: operations["baseline_profiles_show"];
        /** Changes a profile. Devices that it is assigned to run it anew. */
        put: operations["baseline_profiles_update"];
        post?: never;
        /** Deletes a profile and takes it from all devices. */
        delete: operations["baseline_profiles_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles/{id}/assignments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Says which devices run a profile, in the place of what was said before. A device without any runs the one for its
         *     system.
         */
        put: operations["baseline_profiles_assign"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles/{id}/checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the checks of a profile and how they ended. */
        get: operations["baseline_profiles_checks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles/{id}/checks/{check}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the devices on which a profile's check ended so, each with what was seen. */
        get: operations["baseline_profiles_check_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles/{id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the devices that ran a profile, those that comply least first. */
        get: operations["baseline_profiles_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a profile as a file. */
        get: operations["baseline_profiles_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a profile's compliance over time. */
        get: operations["baseline_profiles_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/baseline-profiles/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a profile's file in. */
        post: operations["baseline_profiles_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/browser-extensions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists extensions of browsers on devices. */
        get: operations["browser_extensions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/certificates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists certificates of devices. */
        get: operations["certificates_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists connectors. */
        get: operations["connectors_list"];
        put?: never;
        /**
         * Makes a connector. Its machines are listed and looked at; nothing is changed on them before a
         *     roll-out.
         */
        post: operations["connectors_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one connector. */
        get: operations["connectors_show"];
        put?: never;
        post?: never;
        /** Ends a connector: its credential is removed for good, its machines stay. */
        delete: operations["connectors_revoke"];
        options?: never;
        head?: never;
        /** Changes a connector and has it list anew. */
        patch: operations["connectors_update"];
        trace?: never;
    };
    "/api/v1/connectors/{id}/host-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the host keys that a connector has seen. */
        get: operations["host_keys_list"];
        put?: never;
        /** Confirms host keys by their fingerprints. */
        post: operations["host_keys_confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{id}/host-keys/forget": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Forgets a host's keys, after it was set up anew; the next listing looks at it again. */
        post: operations["host_keys_forget"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pauses a connector: its machines are still listed and looked at, and nothing is changed on them any
         *     more. Sensors that are there stay.
         */
        post: operations["connectors_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{id}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says what a roll-out would do where, and what it leaves out and why. */
        get: operations["connectors_plan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{id}/rollout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a connector act: sensors are installed in waves. */
        post: operations["connectors_rollout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lists and tests a connector anew; the answer comes with the connector. */
        post: operations["connectors_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/device-groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists device groups by rank; somebody who is limited sees those that they are limited to. */
        get: operations["device_groups_list"];
        put?: never;
        /** Makes a device group. */
        post: operations["device_groups_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/device-groups/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one device group. */
        get: operations["device_groups_show"];
        /** Changes a device group as a whole. */
        put: operations["device_groups_update"];
        post?: never;
        /** Deletes a device group to which nobody is limited. */
        delete: operations["device_groups_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/device-groups/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells which devices a rule would match, without saving it. */
        post: operations["device_groups_preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists devices in service. */
        get: operations["devices_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one device. */
        get: operations["devices_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/baselines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what one device ran. */
        get: operations["devices_baselines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/baselines/{profile}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the results of a profile's last run on one device. */
        get: operations["devices_baseline_results"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/exposure": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the exposure of one device. */
        get: operations["devices_exposure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists a device's orders, newest first. */
        get: operations["orders_list"];
        put?: never;
        /** Gives an order to a device; it is done when its receipt has come. */
        post: operations["orders_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/process-tree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the ancestors and children of a process. */
        get: operations["devices_process_tree"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/secure-score": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the secure score of one device. */
        get: operations["devices_secure_score"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/software": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the packages of a device. */
        get: operations["devices_software"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Replaces a device's tags; device groups follow at once. */
        put: operations["devices_tag"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a device's events, newest first. */
        get: operations["devices_timeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/vulnerabilities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what is wrong with a device: a row for each vulnerability in each package. */
        get: operations["devices_vulnerabilities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/enrolment-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists enrolment tokens. */
        get: operations["enrolment_tokens_list"];
        put?: never;
        /** Makes an enrolment token. */
        post: operations["enrolment_tokens_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/enrolment-tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends an enrolment token; machines that it took in stay. */
        delete: operations["enrolment_tokens_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/estate/recommendations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says how the machines stand with each recommendation. */
        get: operations["estate_recommendations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/estate/recommendations/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the machines that a recommendation is about, by name. */
        get: operations["estate_recommendation_machines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/explore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a question about the estate. */
        post: operations["explore_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/explore/csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers a question as CSV, all rows. */
        get: operations["explore_csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/explore/schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads what can be asked. */
        get: operations["explore_schema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exposure-score": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the exposure of all devices. */
        get: operations["exposure_score"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exposure-score/device-groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the exposure of each device group. */
        get: operations["exposure_device_groups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exposure-score/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists devices by their exposure. */
        get: operations["exposure_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exposure-score/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the organisation's exposure over time. */
        get: operations["exposure_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hardware": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists hardware and firmware of devices. */
        get: operations["hardware_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/health/catalogue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every finding that can be raised. */
        get: operations["health_catalogue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/health/findings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists findings that stand, by code and machine. */
        get: operations["health_findings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/health/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says how many machines are healthy, unhealthy and not applicable, and which findings affect most. */
        get: operations["health_summary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/health/trend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says how many machines had a finding that makes unhealthy, over time. */
        get: operations["health_trend"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Prepares a download of a query's rows. The query is compiled and not run yet. */
        post: operations["hunting_exports_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/exports/{id}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Runs the query and sends its rows as a file while they come. A transfer that is broken off is of a query
         *     that failed or was cancelled in the middle: the file is not whole.
         */
        get: operations["hunting_exports_content"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/functions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenant's functions by name. */
        get: operations["hunting_functions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/functions/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one function. */
        get: operations["hunting_functions_show"];
        /**
         * Makes a function, or changes it: without a revision there must be none of that name, with one it must be the
         *     newest. A body that does not compile is answered with its places, counted in the body.
         */
        put: operations["hunting_functions_write"];
        post?: never;
        /** Deletes a function. Queries and functions that call it do not compile any more. */
        delete: operations["hunting_functions_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what the caller ran here, the newest first; of each person the newest 1000 are kept. */
        get: operations["hunting_history_list"];
        put?: never;
        post?: never;
        /** Forgets what the caller ran here. The audit log is another thing and keeps its entries. */
        delete: operations["hunting_history_forget"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a link to a query; the same for the same text. */
        post: operations["hunting_links_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/links/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a link leads to. */
        get: operations["hunting_links_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a query. A query that does not compile is answered with the place and what was probably meant. */
        post: operations["hunting_query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/query/{query_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Cancels a running query of the caller; an administrator cancels anybody's in the tenant. */
        delete: operations["hunting_cancel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/saved-queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the caller's saved queries and the shared ones, by name. */
        get: operations["saved_queries_list"];
        put?: never;
        /** Saves a query. */
        post: operations["saved_queries_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/saved-queries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one saved query. */
        get: operations["saved_queries_show"];
        /** Changes a saved query as a whole. What is shared, or shall be, needs `hunting.manage`. */
        put: operations["saved_queries_update"];
        post?: never;
        /** Deletes a saved query; a shared one with `hunting.manage`. */
        delete: operations["saved_queries_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/scheduled-exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists exports by the clock: the caller's own, for an administrator all. */
        get: operations["scheduled_exports_list"];
        put?: never;
        /** Makes an export by the clock, which is its maker's. */
        post: operations["scheduled_exports_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/scheduled-exports/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one export by the clock. */
        get: operations["scheduled_exports_show"];
        /** Changes an export by the clock as a whole; its owner stays. */
        put: operations["scheduled_exports_update"];
        post?: never;
        /** Deletes an export by the clock with its files. */
        delete: operations["scheduled_exports_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/scheduled-exports/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists runs of an export by the clock, newest first. */
        get: operations["scheduled_exports_runs"];
        put?: never;
        /** Has an export by the clock made as soon as it can be. */
        post: operations["scheduled_exports_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/scheduled-exports/{id}/runs/{run}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the file of a run. */
        get: operations["scheduled_exports_content"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describes every table, column and stored function that queries can name. */
        get: operations["hunting_schema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists files that queries read. */
        get: operations["hunting_uploads_list"];
        put?: never;
        /** Uploads a file that queries can read from then on, at most 64 MiB, as the body of the request. */
        post: operations["hunting_uploads_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/uploads/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a file that queries read. */
        delete: operations["hunting_uploads_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Checks a query against the schema without running it. */
        post: operations["hunting_validate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells about the instance and what it warns of. */
        get: operations["instance_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists machines. */
        get: operations["machines_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one machine. */
        get: operations["machines_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Tags or excludes a machine. */
        patch: operations["machines_update"];
        trace?: never;
    };
    "/api/v1/machines/{id}/agentless": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads how agentless scanning of a machine stands. */
        get: operations["machines_agentless"];
        /** Decides whether one machine is scanned without a sensor. */
        put: operations["machines_set_agentless"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/agentless/scan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a machine scanned now. */
        post: operations["machines_scan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/extension": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a machine's extension. The sensor stays; while the component is on, the extension returns. */
        delete: operations["machines_extension_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/fix": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries at once what waits for its pause. */
        post: operations["machines_fix"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a machine's findings, its last preflight and its history. */
        get: operations["machines_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/move": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Moves a machine to another subscription of the tenant: device and history stay, its metering splits
         *     at the hour, its extension is deployed anew.
         */
        post: operations["machines_move"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/offboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a machine out of service: its device is refused, its sensor taken off, its history stays. */
        post: operations["machines_offboard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/onboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes an offboarded machine back; it is served as if it were new. */
        post: operations["machines_onboard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Decides about the plan of one machine. */
        put: operations["machines_plan"];
        post?: never;
        /** Gives a machine back what its subscription has. */
        delete: operations["machines_plan_clear"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/security-products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads which security products a machine has, how they are set up, and what follows. */
        get: operations["machines_security_products"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/machines/{id}/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was done on a machine, newest first. */
        get: operations["machines_tasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/network-shares": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists folders of devices that others may mount. */
        get: operations["network_shares_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notification-deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was sent to webhooks, or is to be. */
        get: operations["notification_deliveries_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notification-deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one delivery. */
        get: operations["notification_deliveries_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notification-deliveries/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a delivery that was given up sent again. */
        post: operations["notification_deliveries_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notification-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists notification rules. */
        get: operations["notification_rules_list"];
        put?: never;
        /** Makes a notification rule. */
        post: operations["notification_rules_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notification-rules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one notification rule. */
        get: operations["notification_rules_show"];
        /** Changes a notification rule as a whole. */
        put: operations["notification_rules_update"];
        post?: never;
        /** Deletes a notification rule; what it had sent stays to be seen. */
        delete: operations["notification_rules_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notification-rules/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends an event of each kind that the rule wants to hear of to its webhooks, marked as a test. */
        post: operations["notification_rules_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/onboarding": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes what machines are given to come by themselves, with a token that is bounded in time and number. */
        post: operations["onboarding_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/onboarding/package": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the sensor as a package. It holds no token: an invitation that lies on the machine has one. */
        get: operations["onboarding_package"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one order. */
        get: operations["orders_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/plans/features": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads which plan opens which feature. */
        get: operations["plans_features"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rate-cards": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the rate cards, the first to take effect first. */
        get: operations["rate_cards_list"];
        /** Writes a rate card; one that takes effect at the same instant is replaced. */
        put: operations["rate_cards_write"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rate-cards/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a rate card away: hours under it cost what the card before says. */
        delete: operations["rate_cards_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/recommendations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what to do, most effect first. */
        get: operations["recommendations_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/recommendations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one recommendation. */
        get: operations["recommendations_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/recommendations/{id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the devices that need it. */
        get: operations["recommendations_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/remediations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists remediations, newest first. */
        get: operations["remediations_list"];
        put?: never;
        /** Takes a recommendation on. */
        post: operations["remediations_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/remediations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one remediation. */
        get: operations["remediations_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes who sees to a remediation, until when, how urgent it is and what is said of it. */
        patch: operations["remediations_update"];
        trace?: never;
    };
    "/api/v1/remediations/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approves that sensors carry a remediation out. */
        post: operations["remediations_approve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/remediations/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a remediation up; what has begun is ended, and nothing is taken back. */
        post: operations["remediations_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/remediations/{id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists a remediation's devices. */
        get: operations["remediations_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/remediations/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Halts a remediation: nothing more is begun; what has begun is ended. */
        post: operations["remediations_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/remediations/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on with a remediation that was halted; what was approved stays approved. */
        post: operations["remediations_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/remediations/{id}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Has devices go back to the versions that the update replaced, where they said that they can; everything
         *     else of the remediation stands still.
         */
        post: operations["remediations_rollback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Looks for a text everywhere where the caller may look. */
        get: operations["search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secure-score": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the secure score of all devices. */
        get: operations["secure_score"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secure-score/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists devices by their secure score. */
        get: operations["secure_score_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secure-score/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the organisation's secure score over time, and why it changed. */
        get: operations["secure_score_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who is signed in. */
        get: operations["session_show"];
        put?: never;
        /** Signs in. `totp_required` asks for the code of the second factor. */
        post: operations["session_create"];
        /** Signs out: the session ends on the server and the cookie is taken away. */
        delete: operations["session_end"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the caller's own sessions. */
        get: operations["sessions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of the caller's own sessions. */
        delete: operations["sessions_revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/settings/health-thresholds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the thresholds of health. */
        get: operations["health_thresholds_show"];
        /** Sets the thresholds of health. */
        put: operations["health_thresholds_update"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/settings/plan-enforcement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads whether plans are enforced. */
        get: operations["plan_enforcement_show"];
        /** Switches whether plans are enforced. */
        put: operations["plan_enforcement_update"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a set-up link is for, without using it. */
        get: operations["setup_check"];
        put?: never;
        /** Begins the set-up of an account; the link is used up by the confirmation. */
        post: operations["setup_begin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the set-up and signs in. */
        post: operations["setup_confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/software": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists software of devices. */
        get: operations["software_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/software/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one software with its versions. */
        get: operations["software_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/software/{id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the devices that have a software. */
        get: operations["software_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists subscriptions. */
        get: operations["subscriptions_list"];
        put?: never;
        /** Makes a subscription. */
        post: operations["subscriptions_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one subscription. */
        get: operations["subscriptions_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes a subscription. */
        patch: operations["subscriptions_update"];
        trace?: never;
    };
    "/api/v1/subscriptions/{id}/agentless": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads whether machines of a subscription without a sensor are scanned. */
        get: operations["subscriptions_agentless"];
        /** Switches agentless scanning of a subscription. */
        put: operations["subscriptions_set_agentless"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}/fix": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has every machine of a subscription looked at now whose extension or sensor is missing. */
        post: operations["subscriptions_fix"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Switches plans of a subscription. */
        put: operations["subscriptions_plans"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}/rollout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says how far a subscription's roll-out has come. */
        get: operations["rollouts_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}/rollout/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on with a roll-out that was held because machines broke. */
        post: operations["rollouts_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/region": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Asks for another region. A tenant's region is fixed, so it is refused with the reason; asking for the
         *     one that it is in changes nothing.
         */
        put: operations["tenant_region_set"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the caller's own tokens. */
        get: operations["tokens_list"];
        put?: never;
        /** Makes a token for the caller. */
        post: operations["tokens_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of the caller's own tokens. */
        delete: operations["tokens_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads usage: machine-hours, and what they cost by the rate cards. */
        get: operations["usage_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenant's people. */
        get: operations["users_list"];
        put?: never;
        /** Invites somebody; the answer holds the link by which they set up their account. */
        post: operations["users_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one account. */
        get: operations["users_show"];
        /** Changes an account as a whole; it holds from its next call on. The last administrator stays one. */
        put: operations["users_update"];
        post?: never;
        /** Removes somebody with their sessions and tokens; the last administrator stays. */
        delete: operations["users_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists somebody's sessions. */
        get: operations["user_sessions_list"];
        put?: never;
        post?: never;
        /** Ends all of somebody's sessions. */
        delete: operations["user_sessions_revoke_all"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of somebody's sessions. */
        delete: operations["user_sessions_revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/setup-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a new one-time link for an account: for an invitation that ended, or for somebody who lost
         *     password or second factor. An earlier link ends.
         */
        post: operations["users_setup_link_create"];
        /** Ends a link that was not used. An account that was only invited goes with it. */
        delete: operations["users_setup_link_revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists somebody's tokens. */
        get: operations["user_tokens_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/tokens/{token_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of somebody's tokens. */
        delete: operations["user_tokens_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vulnerabilities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists vulnerabilities that devices have. */
        get: operations["vulnerabilities_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vulnerabilities/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one vulnerability that a device has. */
        get: operations["vulnerabilities_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vulnerabilities/{id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the devices that have a vulnerability, each with why. */
        get: operations["vulnerabilities_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vulnerability-cases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists findings that were reported as wrong, as cases to test with; at most 2,000. */
        get: operations["vulnerability_cases_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vulnerability-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what changed the organisation's exposure. */
        get: operations["vulnerability_events_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vulnerability-exceptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists exceptions, newest first. */
        get: operations["vulnerability_exceptions_list"];
        put?: never;
        /** Makes an exception. */
        post: operations["vulnerability_exceptions_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vulnerability-exceptions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Cancels an exception. */
        delete: operations["vulnerability_exceptions_cancel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vulnerability-feeds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the feeds that assessments rest on. */
        get: operations["vulnerability_feeds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists webhooks. */
        get: operations["webhooks_list"];
        put?: never;
        /** Makes a webhook. Its signing secret is in this answer and in no other. */
        post: operations["webhooks_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one webhook. */
        get: operations["webhooks_show"];
        put?: never;
        post?: never;
        /** Ends a webhook: its secrets are wiped, rules no longer name it, what was sent to it stays to be seen. */
        delete: operations["webhooks_delete"];
        options?: never;
        head?: never;
        /** Changes a webhook. Headers and signing secret are sealed together, so that they are sent together. */
        patch: operations["webhooks_update"];
        trace?: never;
    };
    "/api/v1/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a test to a webhook; one that opens tickets gets a ticket that says so. */
        post: operations["webhooks_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1.0/security/runHuntingQuery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a query as clients of Microsoft Graph's security API do. */
        post: operations["graph_run_hunting_query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rest/auth/metadata": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells Kusto's clients where tokens come from: the console. */
        get: operations["kusto_auth_metadata"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rest/mgmt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a management command that shows something, and the operators behind it; others are refused. */
        post: operations["kusto_mgmt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rest/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers, so that somebody sees that something is there. */
        get: operations["kusto_ping"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rest/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a query; the answer has Kusto's first form. */
        post: operations["kusto_query_v1"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/rest/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a query; the answer has Kusto's second form, not progressive. */
        post: operations["kusto_query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A column of an answer. */
        AdvancedColumn: {
            /** @description Its name. */
            Name: string;
            /** @description Its type: `String`, `DateTime`, `Int64` and the like. */
            Type: string;
        };
        /** @description A query to run. */
        AdvancedQuery: {
            /** @description KQL. */
            Query: string;
        };
        /** @description What a query returned. */
        AdvancedResult: {
            /** @description Rows as objects. */
            Results: Record<string, never>[];
            /** @description Columns. */
            Schema: components["schemas"]["AdvancedColumn"][];
            /** @description What it cost. */
            Stats: Record<string, never>;
        };
        /** @description A machine of a recommendation. */
        AffectedMachine: {
            /** @description Codes of the checks that fail. */
            failed: string[];
            /** @description Its name. */
            machine: string;
            /** @description The machine. */
            machine_id: string;
            /** @description Why, for people. */
            message: string;
            /** @description EDR solutions that were found on it. */
            products: string[];
            /** @description Why: a stable code. */
            reason: string;
            /** @description Since when it stands so. */
            since: components["schemas"]["Instant"];
            /** @description `unhealthy`, `healthy`, `not_applicable`. */
            state: string;
            /** @description Its subscription's name. */
            subscription: string;
        };
        /** @description Machines of a recommendation. */
        AffectedMachinePage: {
            /** @description The items of this page. */
            items: components["schemas"]["AffectedMachine"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description How agentless scanning of a machine stands. */
        Agentless: {
            /** @description The stable code of why; empty where nothing is wrong. */
            code: string;
            /** @description The device that scans made; out of service while a sensor tells of the machine. */
            device_id: string | null;
            /** @description What to do about it. */
            fix: string;
            /** @description The last scans, newest first, at most 50. */
            history: components["schemas"]["AgentlessScan"][];
            /**
             * Format: int32
             * @description Hours between two scans.
             */
            hours: number;
            /** @description What is the case. */
            message: string;
            next_at: components["schemas"]["Instant"] | null;
            /** @description What follows with its subscription's. */
            on: boolean;
            /**
             * Format: int32
             * @description How many packages it found.
             */
            packages: number | null;
            /** @description Whether the last scan that gave something ran as root. */
            root: boolean | null;
            scanned_at: components["schemas"]["Instant"] | null;
            /** @description The machine's own setting: `inherit`, `on`, `off`. */
            setting: components["schemas"]["AgentlessSetting"];
            /** @description `off`, `not_applicable`, `waiting`, `queued`, `running`, `done`, `limited`, `failed`. */
            state: string;
            /** @description What that is, in a few words. */
            title: string;
            tried_at: components["schemas"]["Instant"] | null;
            wanted_at: components["schemas"]["Instant"] | null;
        };
        /** @description What is decided for one machine. */
        AgentlessBody: {
            /** @description Why, for the audit log. */
            reason?: string;
            /** @description Whether it is scanned. */
            setting: components["schemas"]["AgentlessSetting"];
        };
        /** @description Agentless scanning of a subscription. */
        AgentlessOfSubscription: {
            /**
             * Format: int32
             * @description Hours between two scans.
             */
            hours: number;
            /** @description Its machines by how their scans stand. */
            machines: components["schemas"]["AgentlessStates"];
            /** @description Whether its machines without a sensor are scanned. */
            on: boolean;
        };
        /** @description A scan that was. */
        AgentlessScan: {
            /** @description When it ended. */
            at: components["schemas"]["Instant"];
            /** @description Its stable code; empty where nothing was wrong. */
            code: string;
            /** @description Words to it. */
            message: string;
            /**
             * Format: int32
             * @description How many packages it found.
             */
            packages: number | null;
            /** @description Whether as root; absent where it gave nothing. */
            root: boolean | null;
            /**
             * Format: double
             * @description How long it took.
             */
            seconds: number;
        };
        /**
         * @description Whether a machine is scanned.
         * @enum {string}
         */
        AgentlessSetting: "inherit" | "on" | "off";
        /** @description How many machines of a subscription stand how. */
        AgentlessStates: {
            /**
             * Format: int64
             * @description The last scan read everything.
             */
            done: number;
            /**
             * Format: int64
             * @description The last scan gave nothing.
             */
            failed: number;
            /**
             * Format: int64
             * @description The last scan read a part.
             */
            limited: number;
            /**
             * Format: int64
             * @description Not to be scanned: a sensor is there, or nothing reaches it.
             */
            not_applicable: number;
            /**
             * Format: int64
             * @description Switched off.
             */
            off: number;
            /**
             * Format: int64
             * @description Not scanned yet, asked for, or under way.
             */
            waiting: number;
        };
        /** @description What is decided for a subscription. */
        AgentlessSwitchBody: {
            /**
             * Format: int32
             * @description Hours between two scans, 4 to 72; what it was where absent.
             */
            hours?: number | null;
            /** @description Whether its machines without a sensor are scanned. */
            on: boolean;
            /** @description Why, for the audit log. */
            reason?: string;
        };
        /** @description An API token; its secret is shown once, when it is made. */
        ApiToken: {
            /** @description When it was made. */
            created_at: components["schemas"]["Instant"];
            /** @description The device groups that it is limited to besides its owner's; null for no further limit. */
            device_groups: string[] | null;
            expires_at: components["schemas"]["Instant"] | null;
            /** @description Identifier. */
            id: string;
            last_used: components["schemas"]["Instant"] | null;
            /** @description A name to know it by. */
            name: string;
            /**
             * @description What of that, by permission or by the word of a role (`read`, `operate`, `administer`); null for
             *     all of it.
             */
            permissions: string[] | null;
            /** @description The most that it may do; its owner's role bounds it too. */
            role: components["schemas"]["Role"];
        };
        /** @description API tokens. */
        ApiTokenPage: {
            /** @description The items of this page. */
            items: components["schemas"]["ApiToken"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A rule. */
        ApplicationBlock: {
            /** @description From when on it may block without a reason. */
            block_possible_at: components["schemas"]["Instant"];
            blocking_since: components["schemas"]["Instant"] | null;
            /** @description Why it blocks earlier than that; empty where it does not. */
            confirm_reason: string;
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description That group's name. */
            device_group: string;
            /** @description The device group on whose devices it holds; null where it holds everywhere. */
            device_group_id: string | null;
            /** @description On the caller's devices. */
            devices: components["schemas"]["ApplicationBlockCounts"];
            ended_at: components["schemas"]["Instant"] | null;
            /** @description Who ended it; empty where nobody did. */
            ended_by: string;
            /** @description Until when it holds. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /** @description What events say with it. */
            message: string;
            /** @description `warn`, `block`. */
            mode: string;
            /** @description Why it was made. */
            note: string;
            /** @description `active`, `cancelled`, `expired`, `fixed`. */
            state: string;
            /** @description The recommendation's or vulnerability's identifier; empty for a software. */
            subject: string;
            /** @description `recommendation`, `vulnerability`, `software`. */
            subject_type: string;
            /** @description The packages. */
            targets: components["schemas"]["ApplicationBlockTarget"][];
            /** @description In a line. */
            title: string;
            /** @description Since when it warns. */
            warning_since: components["schemas"]["Instant"];
        };
        /** @description How a rule stands on the caller's devices. */
        ApplicationBlockCounts: {
            /**
             * Format: int64
             * @description Of all devices, those whose inventory has such a version now.
             */
            affected: number;
            /**
             * Format: int64
             * @description The sensor may only look: executions are reported.
             */
            detect_only: number;
            /**
             * Format: int64
             * @description Somebody disarmed the sensor.
             */
            disarmed: number;
            /**
             * Format: int64
             * @description Executions are denied there.
             */
            enforced: number;
            /**
             * Format: int64
             * @description It went wrong; the device's row says how.
             */
            failed: number;
            /**
             * Format: int64
             * @description No such version is there, or it has no program.
             */
            not_installed: number;
            /**
             * Format: int64
             * @description All of its programs are never touched.
             */
            refused: number;
            /**
             * Format: int64
             * @description Devices that it concerns: those of its releases and its group.
             */
            total: number;
            /**
             * Format: int64
             * @description The device has not proved the newest list.
             */
            waiting: number;
            /**
             * Format: int64
             * @description Executions are reported there.
             */
            watched: number;
        };
        /** @description What became of a rule on a device. */
        ApplicationBlockDevice: {
            acknowledged_at: components["schemas"]["Instant"] | null;
            /** @description Whether its inventory has such a version now. */
            affected: boolean;
            /** @description What went wrong. */
            code: string;
            /** @description The device. */
            device_id: string;
            /** @description Its name. */
            device_name: string;
            /**
             * Format: int64
             * @description Programs that are marked.
             */
            files: number;
            /** @description The same in words. */
            message: string;
            /** @description The last order. */
            order_id: string | null;
            /** @description Packages in the range, `name version`. */
            packages: string[];
            /** @description Files and packages that are left alone: path, package, code, reason. */
            refused: unknown;
            /** @description The rung of the ladder in force there: `fanotify`, `kill`, `detect`; empty where nothing is marked. */
            rung: string;
            /** @description `waiting`, `enforced`, `watched`, `not_installed`, `refused`, `detect_only`, `disarmed`, `failed`, `released`. */
            state: string;
        };
        /** @description Devices of a rule, by name. */
        ApplicationBlockDevicePage: {
            /** @description The items of this page. */
            items: components["schemas"]["ApplicationBlockDevice"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description What happens when such an application is executed.
         * @enum {string}
         */
        ApplicationBlockMode: "warn" | "block";
        /** @description What shall happen from now on. */
        ApplicationBlockModeChange: {
            /** @description Why it blocks before it has warned for a day. */
            confirm_reason?: string | null;
            /** @description `warn` or `block`. */
            mode: components["schemas"]["ApplicationBlockMode"];
        };
        /** @description Rules, newest first. */
        ApplicationBlockPage: {
            /** @description The items of this page. */
            items: components["schemas"]["ApplicationBlock"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Packages in a range of versions. */
        ApplicationBlockTarget: {
            /** @description The distribution's release, `debian:12`. */
            ecosystem: string;
            /** @description First version that is not affected; empty where none is. */
            fixed?: string;
            /** @description First affected version; empty from the first one on. */
            introduced?: string;
            /** @description Only this binary package; empty for all of the source. */
            package?: string;
            /** @description The source package; empty where `package` is named. */
            source?: string;
        };
        /**
         * @description What is approved.
         * @enum {string}
         */
        ApprovedPhase: "dry_run" | "apply";
        /** @description One entry. */
        AuditEntry: {
            /** @description Who, as they are called. */
            actor: string;
            /** @description `user`, `token`, `system` or `anonymous`. */
            actor_kind: string;
            /** @description When. */
            at: components["schemas"]["Instant"];
            /** @description More, by kind; on a failure its code. */
            details: unknown;
            /** @description Identifier. */
            id: string;
            /** @description From where. */
            ip_address: string;
            /** @description What, such as `order.create`. */
            kind: string;
            /** @description `success` or `failure`. */
            outcome: string;
            /** @description On what. */
            target: string;
        };
        /** @description Audit entries, newest first. */
        AuditEntryPage: {
            /** @description The items of this page. */
            items: components["schemas"]["AuditEntry"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description How far the product may go on a device without asking a person.
         * @enum {string}
         */
        Automation: "none" | "semi" | "full";
        /** @description Where an axis begins or ends. */
        AxisBound: number | string;
        /** @description Which devices run a profile. */
        BaselineAssignment: {
            /** @description Every device. */
            all_devices?: boolean;
            /** @description Devices of these groups. */
            device_group_ids?: string[];
        };
        /** @description A check that profiles can name. */
        BaselineCheck: {
            /** @description `application`, `os`, `network`, `accounts`, `security_controls`. */
            category: string;
            /** @description What to do about it. */
            fix: string;
            /** @description Identifier. */
            id: string;
            /**
             * Format: int32
             * @description Its weight in the secure score, 1 to 10.
             */
            impact: number;
            /**
             * Format: int32
             * @description 1: every server; 2: where security goes before comfort.
             */
            level: number;
            /** @description What profiles can set. */
            parameters: components["schemas"]["BaselineParameter"][];
            /** @description The same in other catalogues: `cis`, `stig`, `cce`, `nist`, `attack`. */
            references: Record<string, never>;
            /** @description `low`, `medium`, `high`. */
            severity: string;
            /** @description What should be. */
            title: string;
            /** @description Why. */
            why: string;
        };
        /** @description Checks, by topic. */
        BaselineCheckPage: {
            /** @description The items of this page. */
            items: components["schemas"]["BaselineCheck"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description How a profile stands on the caller's devices. */
        BaselineCompliance: {
            /**
             * Format: int64
             * @description Results that are compliant, over all devices.
             */
            compliant: number;
            /**
             * Format: int64
             * @description Of these, devices without a check that is not met.
             */
            compliant_devices: number;
            /**
             * Format: int64
             * @description Devices that ran it.
             */
            devices: number;
            newest_run: components["schemas"]["Instant"] | null;
            /**
             * Format: int64
             * @description Results of checks that say nothing there.
             */
            not_applicable: number;
            /**
             * Format: int64
             * @description Results that are not.
             */
            not_compliant: number;
            /**
             * Format: int64
             * @description Results that could not be told.
             */
            not_evaluated: number;
            oldest_run: components["schemas"]["Instant"] | null;
            /**
             * Format: int64
             * @description Of these, devices that ran another revision of it.
             */
            outdated_devices: number;
            /**
             * Format: double
             * @description Compliant results of those that say something; null where none does.
             */
            percent: number | null;
        };
        /** @description What a profile is. */
        BaselineContent: {
            /** @description Further checks, or patterns such as `ssh.*`. */
            checks?: string[];
            /** @description What it is for. */
            description?: string;
            /** @description A profile that comes with the product, whose checks and values it begins with. */
            extends?: string | null;
            /** @description Its name, where it is made: small letters, digits, `-`, `_` and `.`, at most 80. It stays as it is. */
            id?: string | null;
            /**
             * Format: int32
             * @description Every check of this level or below.
             */
            level?: number | null;
            /**
             * Format: int32
             * @description The revision at which it was read, where it is changed: if it was changed since, nothing is done.
             */
            revision?: number | null;
            /** @description In a line. */
            title: string;
            /** @description Values of parameters: check, parameter, a number or a word. */
            values?: Record<string, never>;
            /** @description Checks and patterns that are left out. */
            without?: string[];
        };
        /** @description Where something was seen. */
        BaselineEvidence: {
            /**
             * Format: int32
             * @description The line in it.
             */
            line: number | null;
            /** @description The file, as seen from the root. */
            path: string;
        };
        /** @description A group whose devices run a profile. */
        BaselineGroup: {
            /** @description Identifier. */
            id: string;
            /** @description Name. */
            name: string;
        };
        /** @description A profile's compliance over time. */
        BaselineHistory: {
            /** @description By day, oldest first. */
            items: components["schemas"]["BaselinePoint"][];
            /** @description Whether it is kept for the caller: it is not for somebody who is limited to device groups. */
            kept: boolean;
        };
        /** @description A profile's file to take in. */
        BaselineImport: {
            /** @description The file: TOML. */
            document: string;
            /** @description Whether it takes the place of a profile of its name. */
            replace?: boolean;
        };
        /** @description A profile's last run on a device. */
        BaselineOfDevice: {
            /** @description Whether nobody chose it: it is the one for the device's system. */
            by_default: boolean;
            /**
             * Format: int64
             * @description Compliant.
             */
            compliant: number;
            /** @description Whether that is the newest. */
            current: boolean;
            /** @description The device. */
            device: components["schemas"]["ListedDevice"];
            /** @description Why it was not run; empty where it was. */
            error: string;
            /**
             * Format: int64
             * @description Not applicable.
             */
            not_applicable: number;
            /**
             * Format: int64
             * @description Not compliant.
             */
            not_compliant: number;
            /**
             * Format: int64
             * @description Not evaluated.
             */
            not_evaluated: number;
            /**
             * Format: double
             * @description Compliant results of those that say something; null where none does.
             */
            percent: number | null;
            /** @description The profile. */
            profile: string;
            /**
             * Format: int32
             * @description The revision that was run; null for one that the device has by itself.
             */
            revision: number | null;
            /** @description When it was run, by the device's clock. */
            run_at: components["schemas"]["Instant"];
            /** @description System and version, as found. */
            system: string;
            /** @description Its title; empty where it is gone. */
            title: string;
        };
        /** @description Runs on devices. */
        BaselineOfDevicePage: {
            /** @description The items of this page. */
            items: components["schemas"]["BaselineOfDevice"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A parameter of a check. */
        BaselineParameter: {
            /** @description Its value where a profile says nothing: a number or a word. */
            default: unknown;
            /**
             * Format: int64
             * @description The largest number.
             */
            max: number | null;
            /**
             * Format: int64
             * @description The smallest number.
             */
            min: number | null;
            /** @description Its name. */
            name: string;
            /** @description The only words; empty where any is taken. */
            one_of: string[];
            /** @description What is set by it. */
            what: string;
        };
        /** @description A profile's compliance on a day. */
        BaselinePoint: {
            /**
             * Format: int64
             * @description Devices without a check that is not met.
             */
            compliant_devices: number;
            /**
             * Format: int64
             * @description Devices that ran it.
             */
            devices: number;
            /**
             * Format: double
             * @description Compliant results of those that say something; null where none does.
             */
            percent: number | null;
            /** @description When the day began. */
            time: components["schemas"]["Instant"];
        };
        /** @description A profile. */
        BaselineProfile: {
            /** @description Whether every device runs it. */
            all_devices: boolean;
            /** @description Whether it comes with the product and cannot be changed. */
            built_in: boolean;
            /** @description How many checks it runs. */
            check_count: number;
            /** @description Further checks, or patterns such as `ssh.*`. */
            checks: string[];
            /** @description How it stands on the caller's devices. */
            compliance: components["schemas"]["BaselineCompliance"];
            created_at: components["schemas"]["Instant"] | null;
            /** @description Who made it; empty where it comes with the product. */
            created_by: string;
            /** @description What it is for. */
            description: string;
            /** @description Groups whose devices run it. */
            device_groups: components["schemas"]["BaselineGroup"][];
            /** @description The profile that it begins with; empty where there is none. */
            extends: string;
            /** @description Its name, which is its identifier. */
            id: string;
            /**
             * Format: int32
             * @description Every check of this level or below; null where it names its checks.
             */
            level: number | null;
            /**
             * Format: int32
             * @description Rises with each change; 0 where it comes with the product.
             */
            revision: number;
            /** @description In a line. */
            title: string;
            updated_at: components["schemas"]["Instant"] | null;
            /** @description Who changed it last. */
            updated_by: string;
            /** @description Values of parameters: check, parameter, value. */
            values: Record<string, never>;
            /** @description Checks and patterns that are left out. */
            without: string[];
        };
        /** @description Profiles, by name. */
        BaselineProfilePage: {
            /** @description The items of this page. */
            items: components["schemas"]["BaselineProfile"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A check's result on a device. */
        BaselineResult: {
            /** @description `application`, `os`, `network`, `accounts`, `security_controls`. */
            category: string;
            /** @description Where it was seen. */
            evidence: components["schemas"]["BaselineEvidence"][];
            /** @description Whether an exception holds for it on the device. */
            excepted: boolean;
            /** @description What is wanted. */
            expected: string;
            /** @description What to do about it. */
            fix: string;
            /** @description The check. */
            id: string;
            /**
             * Format: int32
             * @description Its weight in the secure score, 1 to 10.
             */
            impact: number;
            /** @description What was seen. */
            observed: string;
            /** @description Why it could not be told; empty where it could. */
            reason: string;
            /** @description `low`, `medium`, `high`. */
            severity: string;
            /** @description `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`. */
            state: string;
            /** @description What should be; empty for a check that this version does not know. */
            title: string;
        };
        /** @description Results, by check. */
        BaselineResultPage: {
            /** @description The items of this page. */
            items: components["schemas"]["BaselineResult"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description What a rule is for.
         * @enum {string}
         */
        BlockSubjectType: "recommendation" | "vulnerability" | "software";
        /** @description A stored function as queries call it. */
        CallableFunction: {
            /** @description The columns of its rows, where they are certain. */
            columns: components["schemas"]["FunctionColumn"][] | null;
            /** @description What it is for. */
            description: string;
            /** @description Where people look for it. */
            folder: string;
            /** @description Name; case matters. */
            name: string;
            /** @description Its parameters with their brackets. */
            parameters: string;
        };
        /** @description A finding that can be raised. */
        CatalogueEntry: {
            /** @description The stable code. */
            code: string;
            /** @description Its kind. */
            kind: string;
            /** @description What to do about it. */
            remediation: string;
            /** @description What it is, in a few words. */
            title: string;
            /** @description `unhealthy` or `notice`. */
            weight: string;
        };
        /** @description Every finding that can be raised. */
        CataloguePage: {
            /** @description The items of this page. */
            items: components["schemas"]["CatalogueEntry"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What an account shall be from now on. */
        ChangedUser: {
            /** @description The device groups that they are limited to; null for all devices. */
            device_groups: string[] | null;
            /** @description Whether they are kept out. */
            disabled: boolean;
            /** @description Name. */
            name: string;
            /** @description Role. One that changes things needs a second factor on the account. */
            role: components["schemas"]["Role"];
        };
        /** @description What a saved query shall be from now on. */
        ChangeSavedQuery: {
            /** @description What it is for, at most 2000 characters. */
            description?: string;
            /** @description Where people look for it: parts with slashes between them. */
            folder?: string;
            /** @description Name, 1 to 200 characters. */
            name: string;
            /** @description KQL; it need not compile. */
            query: string;
            /**
             * Format: int64
             * @description The revision that is changed, which has to be the newest.
             */
            revision: number;
            /** @description Whether everybody of the tenant who may hunt sees it. Only its owner takes that back. */
            shared?: boolean;
        };
        /** @description A check's result on a device. */
        CheckedDevice: {
            /** @description The device. */
            device: components["schemas"]["ListedDevice"];
            /** @description Where it was seen. */
            evidence: components["schemas"]["BaselineEvidence"][];
            /** @description What is wanted. */
            expected: string;
            /** @description What was seen. */
            observed: string;
            /** @description Why it could not be told; empty where it could. */
            reason: string;
            /** @description `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`. */
            state: string;
        };
        /** @description Devices, by name. */
        CheckedDevicePage: {
            /** @description The items of this page. */
            items: components["schemas"]["CheckedDevice"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A part of the sensor. */
        Component: {
            /** @description What is to be known about it. */
            detail: string;
            /** @description By what it works. */
            mechanism: string;
            /** @description Its name. */
            name: string;
            /**
             * Format: int32
             * @description The rung of its ladder; 1 is the best, 0 where there is none.
             */
            rung: number;
            /** @description `ok`, `degraded`, `failed` or `off`. */
            state: string;
        };
        /** @description How many keys that made known. */
        ConfirmedHostKeys: {
            /**
             * Format: int64
             * @description Keys that were confirmed by this call.
             */
            confirmed: number;
        };
        /** @description Which keys are right. */
        ConfirmHostKeys: {
            /** @description Fingerprints that a person has compared. */
            fingerprints: string[];
        };
        /** @description A connector; its credential is never shown. */
        Connector: {
            /** @description Whether a listing or test is under way. */
            busy: boolean;
            /** @description What its last test found, step by step. */
            checks: components["schemas"]["ConnectorCheck"][];
            /** @description When it was made. */
            created_at: components["schemas"]["Instant"];
            /** @description The stable code of that; empty where it has none. */
            error_code: string;
            /** @description What to do about it; empty where the catalogue says nothing. */
            error_fix: string;
            /** @description Whether it has a credential. */
            has_credential: boolean;
            /** @description Identifier. */
            id: string;
            /**
             * Format: int64
             * @description Host keys that nobody has confirmed yet.
             */
            keys_waiting: number;
            /** @description `ssh`, `aws`, `cloud_init`. */
            kind: string;
            /** @description What went wrong with that, for people; empty when nothing. */
            last_error: string;
            last_listed: components["schemas"]["Instant"] | null;
            /**
             * Format: int64
             * @description Machines that it lists.
             */
            machines: number;
            /** @description Name. */
            name: string;
            /** @description What it needs to know, by kind; no credential is in here. */
            settings: unknown;
            /** @description `planned` (machines are looked at, none is changed), `active`, `revoked`. */
            state: string;
            /** @description The subscription whose machines it finds. */
            subscription_id: string;
        };
        /** @description One step of a connector's test. */
        ConnectorCheck: {
            /** @description The stable code where something is wrong. */
            code: string | null;
            /** @description What was found. */
            evidence: string;
            /** @description What to do about it; empty where nothing is wrong. */
            fix: string;
            /** @description What was tried, such as `reach`, `host_keys`, `login`. */
            name: string;
            /** @description `ok`, `warning`, `failed`, `skipped`. */
            outcome: string;
        };
        /** @description Connectors. */
        ConnectorPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Connector"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Another list of machines, or another credential. */
        ConnectorPatch: {
            /** @description The new credential. */
            credential?: unknown;
            /** @description All settings anew. */
            settings?: unknown;
        };
        /** @description What a roll-out would do; nothing was changed to make it. */
        ConnectorPlan: {
            /** @description Sensors that would be taken over. */
            adopt: number;
            /** @description Machines that are left out, or cannot be served yet. */
            excluded: number;
            /** @description Machines that would get a sensor. */
            install: number;
            /** @description Every machine. */
            machines: components["schemas"]["PlannedMachine"][];
            /** @description Machines in each wave. */
            waves: number[];
        };
        /** @description A token that was just made. */
        CreatedApiToken: {
            /** @description When it ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /** @description Its name. */
            name: string;
            /** @description Its role. */
            role: components["schemas"]["Role"];
            /** @description The secret; it is never shown again. */
            token: string;
        };
        /** @description An enrolment token that was just made. */
        CreatedEnrolmentToken: {
            /** @description The command that enrols a machine with it. */
            command?: string | null;
            /** @description When it ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /**
             * Format: int32
             * @description How many machines it takes in.
             */
            max_uses: number;
            /** @description The secret; it is never shown again. */
            token: string;
        };
        /** @description A set-up link that was just made. */
        CreatedSetupLink: {
            /** @description When the link ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description The one-time link to give to them; it is never shown again. */
            setup_url: string;
        };
        /** @description Somebody who was invited. */
        CreatedUser: {
            /** @description When the link ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description The one-time link to give to them; it is never shown again. */
            setup_url: string;
            /** @description The account. */
            user: components["schemas"]["User"];
        };
        /** @description What a link shall lead to. */
        CreateHuntingLink: {
            /**
             * Format: int32
             * @description How long it may run, seconds.
             */
            deadline_s?: number | null;
            /** @description KQL; it need not compile. */
            query: string;
        };
        /** @description What a saved query shall be. */
        CreateSavedQuery: {
            /** @description What it is for, at most 2000 characters. */
            description?: string;
            /** @description Where people look for it: parts with slashes between them. */
            folder?: string;
            /** @description Name, 1 to 200 characters. */
            name: string;
            /** @description KQL; it need not compile. */
            query: string;
            /** @description Whether everybody of the tenant who may hunt sees it, which needs `hunting.manage`. */
            shared?: boolean;
        };
        /**
         * @description How somebody proved who they are.
         * @enum {string}
         */
        CredentialKind: "session" | "token";
        /**
         * @description How much harm the loss of a device does.
         * @enum {string}
         */
        Criticality: "low" | "normal" | "high" | "very_high";
        /** @description A machine with a sensor, or one that agentless scans tell of. */
        Device: {
            /** @description Machine architecture. */
            architecture: string;
            /** @description How far the product may go on it by itself: of its first group; `none` where it is in none. */
            automation: components["schemas"]["Automation"];
            /** @description The sensor's parts. */
            components: components["schemas"]["Component"][];
            /** @description The sensor's counters since its spool was made, losses included. */
            counters: {
                [key: string]: number;
            };
            /** @description How much harm its loss does: of its first group; `normal` where it is in none. */
            criticality: components["schemas"]["Criticality"];
            /** @description When it enrolled. */
            first_seen: components["schemas"]["Instant"];
            /** @description The device groups that it belongs to, by rank. */
            groups: components["schemas"]["GroupName"][];
            /** @description How it is. */
            health: components["schemas"]["DeviceHealth"];
            /** @description The stable code of why. */
            health_code: string;
            /** @description What to do about it; empty when nothing. */
            health_fix: string;
            /** @description Why, for people. */
            health_reason: string;
            /** @description Identifier, 40 hexadecimal digits. */
            id: string;
            /** @description Addresses. */
            ip_addresses: string[];
            /** @description Kernel release. */
            kernel: string;
            last_event: components["schemas"]["Instant"] | null;
            last_heartbeat: components["schemas"]["Instant"] | null;
            last_seen: components["schemas"]["Instant"] | null;
            /** @description The machine that those scans read. */
            machine_id: string | null;
            /** @description Host name. */
            name: string;
            /** @description Who tells of it: `sensor`, or `agentless` scans. */
            onboarding: string;
            /** @description Distribution, such as `Debian`. */
            os_distribution: string;
            /** @description Platform, such as `Linux`. */
            os_platform: string;
            /** @description Version of the distribution. */
            os_version: string;
            /** @description The part of the machine that the sensor watches; empty for all of it. */
            scope: string;
            /** @description Version of the sensor. */
            sensor_version: string;
            /** @description What people wrote on it. */
            tags: string[];
        };
        /** @description An extension of a browser on a device. */
        DeviceBrowserExtension: {
            /** @description chrome, chromium, edge, brave, vivaldi, opera, firefox. */
            browser: string;
            /** @description What it says about itself. */
            description: string;
            /** @description The device. */
            device_id: string;
            /** @description Its name. */
            device_name: string;
            /** @description Whether it is switched on; null where the browser does not say. */
            enabled: boolean | null;
            /** @description Its id. */
            extension_id: string;
            /** @description On which pages. */
            hosts: string[];
            /** @description Each of these judged, worst first. */
            judged: components["schemas"]["ExtensionPermission"][];
            /** @description Its name. */
            name: string;
            /** @description Where it came from. */
            origin: string;
            /** @description The file that shows it. */
            path: string;
            /** @description What it may do. */
            permissions: string[];
            /**
             * @description The risk of the worst that it has of these: `low`, `medium`, `high`, `critical`; empty where it may do
             *     nothing special.
             */
            risk: string;
            /** @description Whose it is. */
            user: string;
            /** @description Its version. */
            version: string;
        };
        /** @description Extensions of browsers, by name. */
        DeviceBrowserExtensionPage: {
            /** @description The items of this page. */
            items: components["schemas"]["DeviceBrowserExtension"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A certificate on a device. */
        DeviceCertificate: {
            /** @description Whether it may sign others. */
            authority: boolean;
            /** @description The device. */
            device_id: string;
            /** @description Its name. */
            device_name: string;
            /** @description SHA-256 of its bytes. */
            fingerprint: string;
            /** @description Who signed it. */
            issuer: string;
            /**
             * Format: int64
             * @description Bits of the key; 0 where its kind has no sizes.
             */
            key_size: number;
            /** @description RSA, EC, Ed25519… */
            key_type: string;
            /** @description What its key may be used for. */
            key_usage: string[];
            /** @description Further names that it holds for. */
            names: string[];
            not_after: components["schemas"]["Instant"] | null;
            not_before: components["schemas"]["Instant"] | null;
            /** @description Files that hold it. */
            paths: string[];
            /** @description What is wrong with it: `weak_key`, `weak_signature`, `self_signed`. */
            problems: string[];
            /** @description Its number. */
            serial: string;
            /** @description How it was signed. */
            signature_algorithm: string;
            /** @description `valid`, `expiring` (within 60 days), `expired`, `not_yet_valid`. */
            status: string;
            /** @description `own` for what the machine shows or uses, `trust` for what it believes. */
            store: string;
            /** @description Whom it names. */
            subject: string;
            /** @description Configuration that names one of these files. */
            used_by: string[];
        };
        /** @description Certificates, those that end first at the top. */
        DeviceCertificatePage: {
            /** @description The items of this page. */
            items: components["schemas"]["DeviceCertificate"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description One thing that is looked at, without regard to case. */
        DeviceCondition: {
            /** @description What is looked at. */
            field: components["schemas"]["DeviceField"];
            /**
             * @description How: texts by `equals`, `starts_with`, `ends_with`, `contains`; a version by `equals`, `within`
             *     (of that series), `at_least`, `below`; a subscription by `equals`; an address by `within`.
             */
            op: components["schemas"]["DeviceOperator"];
            /**
             * @description With what: a text, a version such as `22.04`, a subscription's identifier, or a network such as
             *     `10.0.0.0/8`.
             */
            value: string;
        };
        /** @description How exposed a device is. */
        DeviceExposure: {
            /** @description When it was judged. */
            assessed_at: components["schemas"]["Instant"];
            /** @description What adds most to it, with its share. */
            contributors: unknown;
            /** @description The device. */
            device: components["schemas"]["ListedDevice"];
            /**
             * Format: int64
             * @description Vulnerabilities that CISA knows to be exploited.
             */
            exploited: number;
            inventory: components["schemas"]["InventoryStanding"] | null;
            /**
             * Format: double
             * @description Its secure score, 0 to 100, higher is better; null where nothing applies.
             */
            secure_score: number | null;
            /**
             * Format: int64
             * @description Packages.
             */
            software: number;
            /**
             * Format: int64
             * @description Packages of which no feed speaks.
             */
            uncovered: number;
            /**
             * Format: double
             * @description Of its exposure what no update removes.
             */
            unfixable: number;
            /** @description Vulnerabilities by severity. */
            vulnerabilities: components["schemas"]["SeverityCounts"];
        };
        /** @description Devices, most exposed first. */
        DeviceExposurePage: {
            /** @description The items of this page. */
            items: components["schemas"]["DeviceExposure"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description What a condition looks at.
         * @enum {string}
         */
        DeviceField: "name" | "tag" | "os_platform" | "os_distribution" | "os_version" | "subscription" | "address";
        /** @description A device group. */
        DeviceGroup: {
            /** @description How far the product may go on its devices by itself. */
            automation: components["schemas"]["Automation"];
            /** @description When it was changed last. */
            changed_at: components["schemas"]["Instant"];
            /** @description When it was made. */
            created_at: components["schemas"]["Instant"];
            /** @description How much harm the loss of one of its devices does. */
            criticality: components["schemas"]["Criticality"];
            /** @description What it is for. */
            description: string;
            /**
             * Format: int64
             * @description How many devices in service belong to it.
             */
            device_count: number;
            /** @description Identifier. */
            id: string;
            /**
             * Format: int64
             * @description How many users and tokens are limited to it; until there is none it cannot be deleted.
             */
            limited_count: number;
            /** @description Name. */
            name: string;
            /**
             * Format: int32
             * @description Its place, from 1. Of a device's groups the first gives criticality and automation level; all of
             *     them count for who may see it.
             */
            rank: number;
            /** @description Which devices belong to it, in one spelling. */
            rule: components["schemas"]["DeviceRule"];
        };
        /** @description Device groups by rank. */
        DeviceGroupPage: {
            /** @description The items of this page. */
            items: components["schemas"]["DeviceGroup"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What a rule would match among the devices in service. */
        DeviceGroupPreview: {
            /** @description The devices by name. */
            items: components["schemas"]["PreviewedDevice"][];
            /**
             * Format: int64
             * @description How many of them do not belong to the saved group yet.
             */
            joining: number;
            /**
             * Format: int64
             * @description How many that belong to the saved group would not any more.
             */
            leaving: number;
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /** @description The rule in one spelling, as it would be saved. */
            rule: components["schemas"]["DeviceRule"];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description Hardware and firmware of a device. */
        DeviceHardware: {
            /** @description `efi` or `bios`; empty where it does not tell. */
            boot_firmware: string;
            /** @description The device. */
            device_id: string;
            /** @description Its name. */
            device_name: string;
            /** @description Its date, as the firmware writes it. */
            firmware_date: string;
            /** @description Who made the firmware. */
            firmware_vendor: string;
            /** @description The firmware's version. */
            firmware_version: string;
            /** @description Release of the running kernel. */
            kernel: string;
            /** @description Who made it. */
            manufacturer: string;
            /**
             * Format: int64
             * @description Bytes of memory.
             */
            memory_bytes: number;
            /** @description The microcode that runs. */
            microcode: string;
            /** @description Its model. */
            model: string;
            /** @description The processor. */
            processor: string;
            /** @description The kernel's word on each weakness of the processor. */
            processor_weaknesses: string[];
            /** @description Whether only signed loaders start; null where it does not tell. */
            secure_boot: boolean | null;
            /** @description The version of the TPM; empty where there is none. */
            tpm: string;
        };
        /** @description Hardware of devices, by maker and model. */
        DeviceHardwarePage: {
            /** @description The items of this page. */
            items: components["schemas"]["DeviceHardware"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description How a device is.
         * @enum {string}
         */
        DeviceHealth: "active" | "impaired" | "inactive" | "no_sensor_data";
        /**
         * @description How a condition compares.
         * @enum {string}
         */
        DeviceOperator: "equals" | "starts_with" | "ends_with" | "contains" | "within" | "at_least" | "below";
        /** @description Devices. */
        DevicePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Device"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description Which devices belong to a group: one of `all`, `any`, `not`, `every`, or a condition. At most 100
         *     parts and 8 levels.
         */
        DeviceRule: {
            /** @description At least one. */
            all: components["schemas"]["DeviceRule"][];
        } | {
            /** @description At least one. */
            any: components["schemas"]["DeviceRule"][];
        } | {
            /** @description The rule. */
            not: components["schemas"]["DeviceRule"];
        } | {
            /** @description True. */
            every: boolean;
        } | components["schemas"]["DeviceCondition"];
        /** @description A device's secure score. */
        DeviceSecureScore: {
            /** @description By category. */
            categories: components["schemas"]["SecureCategories"];
            /** @description When it last became another one. */
            changed_at: components["schemas"]["Instant"];
            /** @description The device. */
            device: components["schemas"]["ListedDevice"];
            /**
             * Format: double
             * @description 0 to 100; null where nothing applies.
             */
            score: number | null;
        };
        /** @description Devices, the lowest score first. */
        DeviceSecureScorePage: {
            /** @description The items of this page. */
            items: components["schemas"]["DeviceSecureScore"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A folder that others may mount. */
        DeviceShare: {
            /** @description Whether one gets in without a name. */
            anonymous: boolean;
            /** @description Who may mount it; empty is everybody. */
            clients: string[];
            /** @description The device. */
            device_id: string;
            /** @description Its name. */
            device_name: string;
            /** @description Its name; for NFS the path. */
            name: string;
            /** @description The folder. */
            path: string;
            /** @description `nfs` or `smb`. */
            protocol: string;
            /** @description Whether remote administrators are administrators here. */
            root_kept: boolean;
            /** @description Whether its server runs; null where nobody could look. */
            running: boolean | null;
            /** @description The file that says so. */
            source: string;
            /** @description Whether it can be written to. */
            writable: boolean;
        };
        /** @description Shares, by name. */
        DeviceSharePage: {
            /** @description The items of this page. */
            items: components["schemas"]["DeviceShare"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description The tags that a device shall have. */
        DeviceTags: {
            /** @description At most 50 of 1 to 200 characters; `key=value` or a word. They replace what was there. */
            tags: string[];
        };
        /** @description A vulnerability of a package on a device, with why. */
        DeviceVulnerability: {
            /** @description The package that has it, and by whose word. */
            component: components["schemas"]["VulnerableComponent"];
            /** @description The vulnerability; its numbers are of this device alone. */
            vulnerability: components["schemas"]["Vulnerability"];
        };
        /** @description Vulnerabilities of a device. */
        DeviceVulnerabilityPage: {
            /** @description The items of this page. */
            items: components["schemas"]["DeviceVulnerability"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description One finding about a query text. */
        Diagnostic: {
            /** @description Stable snake_case code. */
            code: string;
            /**
             * Format: int32
             * @description Column in characters, from 1.
             */
            column: number;
            /**
             * Format: int32
             * @description Length in characters.
             */
            length: number;
            /**
             * Format: int32
             * @description Line, from 1.
             */
            line: number;
            /** @description One sentence for people. */
            message: string;
            /**
             * Format: int32
             * @description Offset from the start of the text, in characters.
             */
            offset: number;
            /** @description Error or warning. */
            severity: components["schemas"]["DiagnosticSeverity"];
            /** @description What the writer probably meant, as replacement text. */
            suggestion: string | null;
        };
        /** @description Findings about a query text, in the order of their place. */
        Diagnostics: {
            /** @description The findings; none when the query is good. */
            diagnostics: components["schemas"]["Diagnostic"][];
        };
        /**
         * @description How bad a diagnostic is.
         * @enum {string}
         */
        DiagnosticSeverity: "error" | "warning";
        /** @description Endpoint protection of a subscription. */
        EndpointProtection: {
            /** @description The state for people, such as `1 of 2 components missing`. */
            label: string;
            /**
             * Format: int64
             * @description Of them, those without extension or without a reporting sensor.
             */
            missing: number;
            /** @description Its name, such as `Palisade.Linux`. */
            name: string;
            /** @description Whether it is switched on. */
            on: boolean;
            /** @description `on`, `off`, `partial`. */
            state: string;
            /**
             * Format: int64
             * @description Machines that should be protected.
             */
            wanted: number;
        };
        /**
         * @description Whether plans open and close pages.
         * @enum {string}
         */
        EnforcementWord: "off" | "on";
        /** @description An enrolment token; its secret is shown once, when it is made. */
        EnrolmentToken: {
            /** @description When it was made. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description When it ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            last_used: components["schemas"]["Instant"] | null;
            /** @description The one machine that it was made for, by the product itself. */
            machine_id: string | null;
            /**
             * Format: int32
             * @description How many machines it takes in.
             */
            max_uses: number;
            /** @description Where its machines belong; the designated subscription where it is null. */
            subscription_id: string | null;
            /**
             * Format: int32
             * @description How many it has taken in.
             */
            uses: number;
        };
        /** @description Enrolment tokens. */
        EnrolmentTokenPage: {
            /** @description The items of this page. */
            items: components["schemas"]["EnrolmentToken"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description An error as it is answered. */
        ErrorBody: {
            /** @description The error. */
            error: components["schemas"]["ErrorDetail"];
        };
        /** @description What is wrong. */
        ErrorDetail: {
            /** @description Stable snake_case code. */
            code: string;
            /** @description More, by code: for a query the line, column, length and suggestion. */
            details?: unknown;
            /** @description One sentence for people; its words may change. */
            message: string;
        };
        /** @description A recommendation over the machines that the caller sees. */
        EstateRecommendation: {
            /** @description Checks that fail. */
            checks: components["schemas"]["NamedCount"][];
            /**
             * Format: int64
             * @description Machines that are as they should be.
             */
            healthy: number;
            /**
             * Format: int64
             * @description Machines that are judged by fewer checks than there should be.
             */
            incomplete: number;
            /**
             * Format: int64
             * @description Machines that cannot be judged.
             */
            not_applicable: number;
            /** @description EDR solutions that were found. */
            products: components["schemas"]["NamedCount"][];
            /** @description Why machines stand as they do. */
            reasons: components["schemas"]["NamedCount"][];
            /** @description `edr_installed`, `edr_configuration`. */
            recommendation: string;
            /** @description What to do. */
            remediation: string;
            /** @description What should be the case. */
            title: string;
            /** @description What the failing checks belong to. */
            topics: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description Machines that should be acted upon.
             */
            unhealthy: number;
        };
        /** @description Recommendations. */
        EstateRecommendationPage: {
            /** @description The items of this page. */
            items: components["schemas"]["EstateRecommendation"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Something that events spoke of. */
        EventHit: {
            /** @description Its name. */
            device: string;
            /** @description One of these devices. */
            device_id: string;
            /**
             * Format: int64
             * @description On how many devices.
             */
            devices: number;
            /**
             * Format: int64
             * @description How many events spoke of it.
             */
            events: number;
            first_seen: components["schemas"]["Instant"] | null;
            /** @description What it is. */
            kind: components["schemas"]["Seen"];
            last_seen: components["schemas"]["Instant"] | null;
            /** @description A query that shows the events. */
            query: string;
            /** @description Its path, name or address. */
            value: string;
        };
        /**
         * @description Why something is left as it is. Of a recommendation, `risk_accepted` and `planned_remediation` still count in the score;
         *     nothing else that is excepted does.
         * @enum {string}
         */
        ExceptionJustification: "third_party_control" | "alternate_mitigation" | "risk_accepted" | "planned_remediation" | "inaccurate";
        /** @description What a question comes to. */
        ExploreAnswer: {
            /** @description What the cells of a row are about. */
            columns: unknown;
            /**
             * Format: int64
             * @description Rows in all.
             */
            count: number;
            /** @description The question, as a link. */
            link: string;
            /** @description What the answer does not cover, and why. */
            missing: unknown;
            /** @description What to ask the next page with; null on the last. */
            next: string | null;
            /** @description The question, as its canonical document. */
            query: unknown;
            /** @description The rows of this page. */
            rows: unknown;
        };
        /** @description A question: a document, a template's name, or a link; exactly one of them. */
        ExploreBody: {
            /** @description `next` of the page before. */
            after?: string | null;
            /** @description Most rows, 1 to 1000; 25 when absent. */
            limit?: number | null;
            /** @description A link that another answer gave. */
            link?: string | null;
            /** @description Most nodes that a cell lists, 0 to 100; 10 when absent. Its total counts all. */
            listed?: number | null;
            /** @description The query as a document. */
            query?: unknown;
            /** @description The name of a template. */
            template?: string | null;
        };
        /** @description The explorer's language and templates. */
        ExploreSchema: {
            /** @description Types, connections, insights, properties and operators, for a builder. */
            schema: unknown;
            /** @description Questions that are ready to be asked. */
            templates: components["schemas"]["ExploreTemplate"][];
        };
        /** @description A question that is ready to be asked. */
        ExploreTemplate: {
            /** @description What it finds, and why one asks. */
            description: string;
            /** @description The heading under which it is shown. */
            group: string;
            /** @description The same as a link. */
            link: string;
            /** @description Stable name. */
            name: string;
            /** @description The question. */
            query: unknown;
            /** @description For people. */
            title: string;
        };
        /**
         * @description A kind of file that a query's rows can be had as.
         * @enum {string}
         */
        ExportFormat: "csv" | "json" | "jsonl" | "parquet";
        /** @description The organisation's exposure over time. */
        ExposureHistory: {
            /** @description Oldest first; a point holds until the next. */
            items: components["schemas"]["ExposurePoint"][];
            /** @description Whether it is kept for the caller: it is not for somebody who is limited to device groups. */
            kept: boolean;
        };
        /** @description How many judged devices are of each level. */
        ExposureLevels: {
            /**
             * Format: int64
             * @description From 70.
             */
            high: number;
            /**
             * Format: int64
             * @description Below 30.
             */
            low: number;
            /**
             * Format: int64
             * @description From 30, below 70.
             */
            medium: number;
        };
        /** @description What is known of a device's exposure. */
        ExposureOfDevice: {
            exposure: components["schemas"]["DeviceExposure"] | null;
            inventory: components["schemas"]["InventoryStanding"] | null;
        };
        /** @description The organisation's exposure at an instant. */
        ExposurePoint: {
            /**
             * Format: int64
             * @description Devices.
             */
            devices: number;
            /**
             * Format: int64
             * @description Vulnerabilities found on them, all together.
             */
            findings: number;
            /**
             * Format: double
             * @description 0 to 100.
             */
            score: number;
            /** @description When. */
            time: components["schemas"]["Instant"];
        };
        /** @description The exposure of all devices of the caller; 0 to 100, lower is better. */
        ExposureScore: {
            /**
             * Format: int64
             * @description Devices that were judged.
             */
            devices: number;
            /**
             * Format: int64
             * @description Different vulnerabilities that CISA knows to be exploited.
             */
            exploited: number;
            /**
             * Format: int64
             * @description Feeds about which something has to be done: what they would tell is missing from every number.
             */
            feed_alarms: number;
            /** @description `low`, `medium`, `high`; empty where no device was judged. */
            level: string;
            /** @description Judged devices by level. */
            levels: components["schemas"]["ExposureLevels"];
            newest_assessment: components["schemas"]["Instant"] | null;
            oldest_assessment: components["schemas"]["Instant"] | null;
            /**
             * Format: double
             * @description The mean weighted by criticality; null where no device was judged.
             */
            score: number | null;
            /**
             * Format: double
             * @description The secure score of the same devices, 0 to 100, higher is better; null where nothing applies.
             */
            secure_score: number | null;
            /** @description When this was asked. */
            time: components["schemas"]["Instant"];
            /**
             * Format: int64
             * @description Devices in service that were not: nobody knows what they have.
             */
            unassessed_devices: number;
            /**
             * Format: int64
             * @description Packages, each in one version, of which no feed speaks.
             */
            uncovered_components: number;
            /**
             * Format: double
             * @description Of it what no update removes.
             */
            unfixable: number | null;
            /** @description Different vulnerabilities by severity. */
            vulnerabilities: components["schemas"]["SeverityCounts"];
        };
        /** @description Something that an extension may do, or a pattern of pages on which it may. */
        ExtensionPermission: {
            /** @description As the extension asks for it. */
            id: string;
            /** @description The same for people. */
            name: string;
            /** @description What it lets an extension do. */
            reason: string;
            /** @description Whether the extension has it; what it has not it may ask for later. */
            required: boolean;
            /** @description How much harm it allows this extension: `low`, `medium`, `high`, `critical`. */
            risk: string;
        };
        /** @description A finding that stands. */
        Finding: {
            /** @description The stable code. */
            code: string;
            /** @description What it rests on. */
            evidence: unknown;
            /** @description `installation`, `heartbeat`, `not_applicable`. */
            kind: string;
            /** @description When it was last looked at. */
            last_evaluated: components["schemas"]["Instant"];
            /** @description The machine's name. */
            machine: string;
            /** @description The machine. */
            machine_id: string;
            /** @description What is the case. */
            message: string;
            /** @description What to do about it. */
            remediation: string;
            /** @description Since when. */
            since: components["schemas"]["Instant"];
            /** @description Who found it. */
            source: string;
            /** @description What it is, in a few words. */
            title: string;
            /** @description `unhealthy` or `notice`. */
            weight: string;
        };
        /** @description How many machines one finding affects. */
        FindingCount: {
            /** @description The stable code. */
            code: string;
            /** @description Its kind. */
            kind: string;
            /**
             * Format: int64
             * @description Machines.
             */
            machines: number;
            /** @description What to do about it. */
            remediation: string;
            /** @description What it is, in a few words. */
            title: string;
            /** @description `unhealthy` or `notice`. */
            weight: string;
        };
        /** @description Findings. */
        FindingPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Finding"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What a fix began. */
        FixBegun: {
            /**
             * Format: int64
             * @description Machines of which a part was missing; each is looked at now.
             */
            machines: number;
        };
        /** @description Whose keys to forget. */
        ForgetHostKeys: {
            /** @description `host` or `[host]:port`, as the list shows it. */
            host: string;
        };
        /** @description Something that was found by its name. */
        FoundByName: {
            /** @description Identifier. */
            id: string;
            /** @description What kind of its sort it is; of a device group, its criticality. */
            kind: string;
            /** @description Name. */
            name: string;
        };
        /** @description A device that was found. */
        FoundDevice: {
            /** @description By what it was found: `name`, `id`, `address`, `hardware`, `tag`. */
            by: string;
            /** @description How it is. */
            health: components["schemas"]["DeviceHealth"];
            /** @description Identifier. */
            id: string;
            /** @description Addresses. */
            ip_addresses: string[];
            /** @description Host name. */
            name: string;
            /** @description Distribution and its version. */
            os: string;
        };
        /** @description A health finding that was found in the catalogue. */
        FoundFinding: {
            /** @description The stable code. */
            code: string;
            /**
             * Format: int64
             * @description How many machines have it now; null where the caller may not know.
             */
            machines: number | null;
            /** @description What it is, in a few words. */
            title: string;
        };
        /** @description A machine that was found. */
        FoundMachine: {
            /** @description Addresses. */
            addresses: string[];
            /** @description By what it was found: `name`, `id`, `cloud_id`, `address`, `owner`, `tag`. */
            by: string;
            /** @description Whether its cloud deleted it. */
            gone: boolean;
            /** @description Identifier. */
            id: string;
            /** @description Name. */
            name: string;
            /** @description Distribution and its version. */
            os: string;
            /** @description `healthy`, `unhealthy`, `not_applicable`, `pending`. */
            status: string;
            /** @description Its subscription's name. */
            subscription: string;
        };
        /** @description A person who was found. */
        FoundPerson: {
            /** @description E-mail address. */
            email: string;
            /** @description Identifier. */
            id: string;
            /** @description Name. */
            name: string;
            /** @description What they may do. */
            role: string;
        };
        /** @description A recommendation that was found. */
        FoundRecommendation: {
            /**
             * Format: int64
             * @description The caller's devices that need it.
             */
            devices: number;
            /** @description Identifier. */
            id: string;
            /** @description The version to update to; empty where there is none. */
            recommended_version: string;
            /** @description What it is about. */
            related_component: string;
            /** @description `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`. */
            remediation_type: string;
            /** @description The worst severity that it takes away. */
            severity: string;
        };
        /** @description Software that was found. */
        FoundSoftware: {
            /**
             * Format: int64
             * @description The caller's devices that have it.
             */
            devices: number;
            /** @description Whose names and versions these are. */
            ecosystem: string;
            /** @description Identifier. */
            id: string;
            /** @description Its name. */
            name: string;
            /** @description Who makes it; empty where nobody says. */
            vendor: string;
            /**
             * Format: int64
             * @description Vulnerabilities in any version.
             */
            weaknesses: number;
        };
        /** @description A vulnerability that was found. */
        FoundVulnerability: {
            /**
             * Format: int64
             * @description The caller's devices that have it.
             */
            devices: number;
            /** @description Whether CISA knows that it is exploited. */
            exploited: boolean;
            /** @description CVE id where there is one, else the advisory's. */
            id: string;
            /** @description `critical`, `high`, `medium`, `low`, `none`, `unknown`. */
            severity: string;
            /** @description One line about it; may be empty. */
            title: string;
        };
        /** @description A column that a function gives. */
        FunctionColumn: {
            /** @description Its name. */
            name: string;
            /** @description Its KQL type. */
            type: string;
        };
        /** @description A column of an answer. */
        GraphColumn: {
            /** @description Its name. */
            name: string;
            /** @description Its type: `String`, `DateTime`, `Int64` and the like. */
            type: string;
        };
        /** @description A query to run, over a time. */
        GraphQuery: {
            /** @description KQL. */
            Query: string;
            /**
             * @description Which rows of tables of events are seen: a duration up to now, such as `P30D`, or
             *     `begin/end`, `begin/duration`, `duration/end` as in ISO 8601; all when absent.
             */
            Timespan?: string | null;
        };
        /** @description What a query returned. */
        GraphResult: {
            /** @description Rows as objects. */
            results: Record<string, never>[];
            /** @description Columns. */
            schema: components["schemas"]["GraphColumn"][];
        };
        /** @description How exposed the devices of a group are. */
        GroupExposure: {
            /** @description `low`, `normal`, `high`, `very_high`. */
            criticality: string;
            /**
             * Format: int64
             * @description Devices that were judged.
             */
            devices: number;
            /** @description The group. */
            id: string;
            /** @description Its name. */
            name: string;
            /**
             * Format: double
             * @description Their exposure; null where no device was judged.
             */
            score: number | null;
        };
        /** @description Device groups, most exposed first. */
        GroupExposurePage: {
            /** @description The items of this page. */
            items: components["schemas"]["GroupExposure"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A device group by name. */
        GroupName: {
            /** @description Identifier. */
            id: string;
            /** @description Name. */
            name: string;
        };
        /** @description The estate's health in numbers. */
        HealthSummary: {
            /** @description As of when. */
            at: components["schemas"]["Instant"];
            /** @description Findings by how many machines they affect. */
            findings: components["schemas"]["FindingCount"][];
            /** @description Machines by status. */
            machines: components["schemas"]["StatusCounts"];
            /** @description The unhealthy ones by what makes them so. */
            unhealthy: components["schemas"]["UnhealthyBy"];
        };
        /** @description The named thresholds of health, in seconds. */
        HealthThresholds: {
            /**
             * Format: int64
             * @description Content that is older is out of date.
             */
            content_old: number;
            /**
             * Format: int64
             * @description A new machine gives its first event within this time.
             */
            first_event: number;
            /**
             * Format: int64
             * @description A machine that was not heard for longer is inactive.
             */
            inactive: number;
            /**
             * Format: int64
             * @description A heartbeat that is missing for longer is late.
             */
            late: number;
            /**
             * Format: int64
             * @description A machine that its preflight refused is looked at again after no longer a pause than this.
             */
            look_again?: number;
            /**
             * Format: int64
             * @description How long a loss of events is held against a machine.
             */
            loss_shown: number;
            /**
             * Format: int64
             * @description One that is missing for longer is lost.
             */
            lost: number;
            /**
             * Format: int64
             * @description A machine gives an event at least this often.
             */
            no_events: number;
            /**
             * Format: int32
             * @description More starts of the sensor within an hour than this are too many.
             */
            restarts_per_hour: number;
        };
        /** @description How many machines were unhealthy, from instant to instant. */
        HealthTrend: {
            /** @description The instants, oldest first; the last one is now. */
            items: components["schemas"]["TrendPoint"][];
            /**
             * Format: int64
             * @description From one instant to the next, seconds.
             */
            step_seconds: number;
        };
        /** @description A host key. */
        HostKey: {
            confirmed_at: components["schemas"]["Instant"] | null;
            /** @description Who. */
            confirmed_by: string | null;
            /** @description `SHA256:…`; compare it with what the machine itself shows. */
            fingerprint: string;
            /** @description `host` or `[host]:port`. */
            host: string;
            /** @description Such as `ssh-ed25519`. */
            key_type: string;
        };
        /** @description Host keys. */
        HostKeyPage: {
            /** @description The items of this page. */
            items: components["schemas"]["HostKey"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A column of a hunting table. */
        HuntingColumn: {
            /** @description What it means. */
            description: string;
            /** @description Whether every device fills it, or may fill it. */
            filled: boolean;
            /** @description Name; case matters. */
            name: string;
            /** @description Why it is not filled, or only sometimes. */
            reason: string | null;
            /** @description KQL type. */
            type: string;
        };
        /** @description What is ready to be downloaded. */
        HuntingExport: {
            /** @description Where the file is, below this server's address. */
            download: string;
            /** @description When it ends; it is ten minutes good, for whom it was made. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier; it also cancels the query while it runs. */
            id: string;
        };
        /** @description A file to make. */
        HuntingExportRequest: {
            /**
             * Format: int64
             * @description How long the query and the download may take together, milliseconds, up to ten minutes, and that long
             *     when absent.
             */
            deadline_ms?: number | null;
            /**
             * @description The file's name, at most 100 ASCII letters, digits, spaces, `-`, `_` and `.`; its ending is added where
             *     it is missing.
             */
            file_name?: string | null;
            /** @description The kind of file. */
            format: components["schemas"]["ExportFormat"];
            /**
             * Format: int64
             * @description Most rows, 1 to 10000000, and that many when absent; the file ends there.
             */
            max_rows?: number | null;
            /** @description KQL. */
            query: string;
        };
        /** @description A run of an export by the clock. */
        HuntingExportRun: {
            /**
             * Format: int64
             * @description Its bytes.
             */
            bytes: number;
            /** @description Stable code of what went wrong; null where nothing did. */
            code: string | null;
            ended_at: components["schemas"]["Instant"] | null;
            /** @description The kind of file. */
            format: string;
            /** @description Identifier. */
            id: string;
            /** @description The same for people. */
            message: string | null;
            /**
             * Format: int64
             * @description Rows of the file.
             */
            rows: number;
            /** @description SHA-256 of the file, hexadecimal; null where there is none. */
            sha256: string | null;
            /** @description When it was due, or asked for. */
            started_at: components["schemas"]["Instant"];
            /** @description `running`, `done` or `failed`. */
            state: string;
            /** @description Whether the bound of ten million rows cut it. */
            truncated: boolean;
        };
        /** @description Runs of an export by the clock. */
        HuntingExportRunPage: {
            /** @description The items of this page. */
            items: components["schemas"]["HuntingExportRun"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A stored function. */
        HuntingFunction: {
            /** @description Its statements, without braces. */
            body: string;
            /** @description The columns of its rows when it was written, where they are the same whatever it is called with. */
            columns: components["schemas"]["FunctionColumn"][] | null;
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description What it is for. */
            description: string;
            /** @description Where people look for it: parts with slashes between them, or empty. */
            folder: string;
            /** @description Its name; case matters. */
            name: string;
            /** @description Its parameters as KQL has them, with their brackets: `(ip: string, n: long = 5)` or `()`. */
            parameters: string;
            /**
             * Format: int64
             * @description How often it was written, from 1; a change names the newest.
             */
            revision: number;
            /** @description Whether it gives rows; else it gives a value. */
            tabular: boolean;
            /** @description When. */
            updated_at: components["schemas"]["Instant"];
            /** @description Who changed it last. */
            updated_by: string;
        };
        /** @description Stored functions by name. */
        HuntingFunctionPage: {
            /** @description The items of this page. */
            items: components["schemas"]["HuntingFunction"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A query that the caller ran. */
        HuntingHistoryItem: {
            /** @description The code of its error. */
            code: string | null;
            /** @description Identifier. */
            id: string;
            /** @description KQL. */
            query: string;
            /** @description When it began. */
            ran_at: components["schemas"]["Instant"];
            /**
             * Format: int64
             * @description How many rows it gave.
             */
            rows: number | null;
            /** @description How it ended. */
            state: components["schemas"]["HuntingRunState"];
            /** @description Whether the row cap cut them. */
            truncated: boolean | null;
            /**
             * Format: double
             * @description How long it took, milliseconds.
             */
            wall_ms: number | null;
        };
        /** @description Queries that the caller ran, the newest first. */
        HuntingHistoryPage: {
            /** @description The items of this page. */
            items: components["schemas"]["HuntingHistoryItem"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A link to a query, for everybody of the tenant who may hunt. */
        HuntingLink: {
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who asked for it first. */
            created_by: string;
            /**
             * Format: int32
             * @description How long it may run, seconds.
             */
            deadline_s: number | null;
            /**
             * @description Identifier, made of what the link says: the same text has the same. The console opens it at
             *     `/hunting?link=` and this.
             */
            id: string;
            /** @description KQL. */
            query: string;
        };
        /** @description A query to run. */
        HuntingQuery: {
            /**
             * Format: int64
             * @description How long it may run, milliseconds, up to ten minutes; one minute when absent.
             */
            deadline_ms?: number | null;
            /** @description KQL. */
            query: string;
            /** @description A name for cancelling it, unique among those that run: letters, digits, `-` and `_`. */
            query_id?: string | null;
            /**
             * Format: int64
             * @description Most rows of the answer, 1 to 100000; 10000 when absent.
             */
            row_cap?: number | null;
        };
        /** @description What a query returned. */
        HuntingResult: {
            /** @description The name by which it could be cancelled. */
            query_id: string;
            render: components["schemas"]["Render"] | null;
            /** @description Rows; each has one value per column. */
            rows: unknown[][];
            /** @description Columns. */
            schema: components["schemas"]["ResultColumn"][];
            /** @description What it cost. */
            stats: components["schemas"]["QueryStats"];
            /** @description Whether the row cap cut the answer. */
            truncated: boolean;
            /** @description What may not mean what its writer thinks. */
            warnings: components["schemas"]["Diagnostic"][];
        };
        /**
         * @description How a query ended.
         * @enum {string}
         */
        HuntingRunState: "done" | "failed" | "cancelled";
        /** @description What queries can name. */
        HuntingSchema: {
            /** @description The tenant's functions by name. */
            functions: components["schemas"]["CallableFunction"][];
            /** @description The tables by name. */
            tables: components["schemas"]["HuntingTable"][];
        };
        /** @description A hunting table. */
        HuntingTable: {
            /** @description Values of ActionType. */
            action_types: components["schemas"]["Meaning"][];
            /** @description Keys of AdditionalFields. */
            additional_fields: components["schemas"]["Meaning"][];
            /** @description Columns in order. */
            columns: components["schemas"]["HuntingColumn"][];
            /** @description What its rows are. */
            description: string;
            /** @description `event`, `snapshot` or `view`. */
            kind: string;
            /** @description Name; case matters. */
            name: string;
            /** @description Values of the column `type`, where the table has one. */
            types: components["schemas"]["Meaning"][];
        };
        /** @description A file that queries read. */
        HuntingUpload: {
            /**
             * Format: int64
             * @description Its size.
             */
            bytes: number;
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who uploaded it first. */
            created_by: string;
            /** @description Its name: `externaldata(…)['upload:NAME']`, or the name alone. */
            name: string;
            /** @description Its SHA-256, hexadecimal. */
            sha256: string;
            /** @description When. */
            updated_at: components["schemas"]["Instant"];
            /** @description Who replaced it last. */
            updated_by: string;
        };
        /** @description Files that queries read. */
        HuntingUploadPage: {
            /** @description The items of this page. */
            items: components["schemas"]["HuntingUpload"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description What a text may be; one may be several things.
         * @enum {string}
         */
        InputKind: "ipv4" | "ipv6" | "cidr" | "sha256" | "sha1" | "md5" | "device_id" | "uuid" | "path" | "email" | "finding_code" | "name";
        /** @description A package on a device. */
        InstalledSoftware: {
            /** @description Architecture. */
            architecture: string;
            /** @description Whether a feed speaks of it: without one, no weaknesses is no clean bill. */
            covered: boolean;
            /** @description Whose names and versions these are. */
            ecosystem: string;
            /** @description Last day of its support; empty where no table knows it. */
            end_of_support: string;
            /**
             * Format: int64
             * @description Vulnerabilities that CISA knows to be exploited.
             */
            exploited: number;
            /** @description When this version was first seen on any device. */
            first_seen: components["schemas"]["Instant"];
            /** @description Name. */
            name: string;
            /** @description Where it comes from, if not from the distribution. */
            origin: string;
            /** @description Where it lies, for packages that lie at a path of their own. */
            paths: string[];
            /** @description Distribution and release; empty for a language's package. */
            release: string;
            /** @description Whether it runs or is loaded. */
            running: boolean;
            /** @description The worst severity of these; empty without one. */
            severity: string;
            /** @description Its software's identifier. */
            software_id: string;
            /** @description The source package; empty where there is none. */
            source_name: string;
            /** @description Who makes it; empty where nobody says. */
            vendor: string;
            /** @description Version. */
            version: string;
            /**
             * Format: int64
             * @description Vulnerabilities in it.
             */
            weaknesses: number;
        };
        /** @description Packages of a device. */
        InstalledSoftwarePage: {
            /** @description The items of this page. */
            items: components["schemas"]["InstalledSoftware"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description The instance. */
        Instance: {
            /** @description Where sensors enrol. */
            ingest_url: string;
            /** @description Its identifier, 8 hexadecimal digits. */
            instance_id: string;
            /** @description The region that holds the tenant's data. It is fixed. */
            region: string;
            /** @description Every region of the instance. */
            regions: string[];
            /** @description The caller's tenant. */
            tenant: components["schemas"]["Tenant"];
            /** @description Its version. */
            version: string;
            /** @description What a person should know about the product itself, worst first. */
            warnings: components["schemas"]["Warning"][];
        };
        /**
         * Format: date-time
         * @description RFC 3339, UTC, microseconds.
         */
        Instant: string;
        /** @description How a device's inventory stands. */
        InventoryStanding: {
            /** @description Whether all of its newest inventory has come. Until then what was complete before counts. */
            complete: boolean;
            /** @description When the server was told of the newest. */
            received_at: components["schemas"]["Instant"];
            taken_at: components["schemas"]["Instant"] | null;
        };
        /** @description Where tokens come from. */
        KustoAuthMetadata: {
            /** @description The place to sign in, in the fields that clients read. */
            AzureAD: components["schemas"]["KustoLogin"];
        };
        /**
         * @description The place to sign in. Tokens are made in the console, not asked for by clients: the fields of such a flow
         *     are empty.
         */
        KustoLogin: {
            /** @description The console. */
            FirstPartyAuthorityUrl: string;
            /** @description Empty: there is no such registration. */
            KustoClientAppId: string;
            /** @description Empty. */
            KustoClientRedirectUri: string;
            /** @description What a token is for: this service. */
            KustoServiceResourceId: string;
            /** @description The console. */
            LoginEndpoint: string;
            /** @description Whether clients would have to ask for a second factor. */
            LoginMfaRequired: boolean;
        };
        /** @description A query or a management command. */
        KustoRequest: {
            /** @description The query or command. */
            csl: string;
            /** @description The database: the tenant's name; the caller's own when absent. */
            db?: string | null;
            /** @description Options and parameters: an object, or the same as text. */
            properties?: Record<string, never> | null;
        };
        /** @description A device where a list names one. */
        ListedDevice: {
            /**
             * Format: double
             * @description Its exposure, 0 to 100; null where it was not judged yet.
             */
            exposure: number | null;
            /** @description Identifier. */
            id: string;
            /** @description Name. */
            name: string;
            /** @description Distribution and version. */
            os: string;
        };
        /** @description Devices. */
        ListedDevicePage: {
            /** @description The items of this page. */
            items: components["schemas"]["ListedDevice"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A machine of the estate. */
        Machine: {
            /** @description Addresses. */
            addresses: string[];
            /** @description How agentless scanning of it stands. */
            agentless: components["schemas"]["MachineAgentless"];
            /** @description Architecture. */
            architecture: string;
            /** @description What its cloud calls it; empty where none does. */
            cloud_id: string;
            /** @description The connector that knows it. */
            connector_id: string | null;
            /** @description Its device, once its sensor enrolled. */
            device_id: string | null;
            /** @description What is under way on it; empty for nothing. */
            doing: string;
            evaluated_at: components["schemas"]["Instant"] | null;
            /** @description What a person excluded it by; empty for nothing. */
            exclusion: string;
            /** @description The extension: `on`, `off`, `partial`. */
            extension: string;
            /** @description The extension's name as scripts for the other product read it. */
            extension_alias: string;
            /** @description The extension's name, such as `Palisade.Linux`. */
            extension_name: string;
            /** @description When it was first known. */
            first_seen: components["schemas"]["Instant"];
            /** @description Identifier; kept over moves and reinstalls. */
            id: string;
            /** @description Kernel release. */
            kernel: string;
            /** @description Name. */
            name: string;
            offboarded_at: components["schemas"]["Instant"] | null;
            /** @description Distribution, such as `debian`; empty where it is not known. */
            os: string;
            /** @description Its version. */
            os_version: string;
            /** @description Who pays for it. */
            owner: string;
            /** @description What it is entitled to: `servers_p1`, `servers_p2`; empty for none. */
            plan: string;
            /** @description `inherit`, `plan_one`, `off`. */
            plan_override: string;
            /** @description Whether Posture covers it. */
            posture: boolean;
            /** @description What its cloud says about its power. */
            power: string;
            /** @description How far provisioning has come: `open`, `finished`, `refused`, `broken`. */
            progress: string;
            retired_at: components["schemas"]["Instant"] | null;
            /** @description `healthy`, `unhealthy`, `not_applicable`, `pending`. */
            status: string;
            /** @description Its subscription's name. */
            subscription: string;
            /** @description Its subscription. */
            subscription_id: string;
            /** @description Tags by key. */
            tags: {
                [key: string]: string;
            };
        };
        /** @description What the list of machines says of it. */
        MachineAgentless: {
            /** @description The stable code of why; empty where nothing is wrong. */
            code: string;
            /** @description The device that scans made. */
            device_id: string | null;
            scanned_at: components["schemas"]["Instant"] | null;
            /** @description `off`, `not_applicable`, `waiting`, `queued`, `running`, `done`, `limited`, `failed`. */
            state: string;
        };
        /** @description How a machine is, and how it was. */
        MachineHealth: {
            evaluated_at: components["schemas"]["Instant"] | null;
            /** @description The findings that stand, worst first. */
            findings: components["schemas"]["Finding"][];
            /** @description What was, newest first. */
            history: components["schemas"]["PastFinding"][];
            /** @description The last preflight, check by check. */
            preflight: components["schemas"]["PreflightCheck"][];
            preflight_at: components["schemas"]["Instant"] | null;
            /** @description `healthy`, `unhealthy`, `not_applicable`, `pending`. */
            status: string;
        };
        /** @description Machines. */
        MachinePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Machine"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What shall be different; what is absent stays. */
        MachinePatch: {
            /** @description Excludes it from installation, in a few words why; an empty text ends that. */
            exclusion?: string | null;
            /** @description All tags anew. */
            tags?: {
                [key: string]: string;
            } | null;
        };
        /** @description What a machine is entitled to, and why. */
        MachinePlan: {
            /** @description Why: `subscription`, `machine`, `subscription_off`, `trial_ended`, `machine_off`. */
            basis: string;
            /** @description What was decided for it alone: `inherit`, `plan_one` or `off`. */
            plan_override: string;
            /** @description Whether it has Posture. */
            posture: boolean;
            /** @description Whether its hours under that are free. */
            posture_trial: boolean;
            /** @description The Servers plan that it has: `servers_p1`, `servers_p2`. */
            servers: string | null;
            /** @description Whether its hours under it are free. */
            servers_trial: boolean;
        };
        /** @description What is decided for one machine. */
        MachinePlanBody: {
            /**
             * @description `servers_p1` switches Plan 1 on for it, `off` takes it out of its subscription's Servers plan. Plan 2
             *     and Posture cannot be switched on for a single machine.
             */
            plan: string;
        };
        /** @description How a machine stands with a recommendation. */
        MachineRecommendation: {
            /** @description What can be done with one call. */
            actions: components["schemas"]["QuickAction"][];
            /** @description Whether every check could be made. */
            complete: boolean;
            /** @description When it was judged last. */
            evaluated_at: components["schemas"]["Instant"];
            /** @description Why, for people. */
            message: string;
            /** @description Why: a stable code. */
            reason: string;
            /** @description `edr_installed`, `edr_configuration`. */
            recommendation: string;
            /** @description What to do. */
            remediation: string;
            /** @description Since when it stands so. */
            since: components["schemas"]["Instant"];
            /** @description `unhealthy`, `healthy`, `not_applicable`. */
            state: string;
            /** @description What should be the case. */
            title: string;
        };
        /** @description Which security products a machine has, how they are set up, and what follows. */
        MachineSecurity: {
            /** @description Why, for people. */
            error: string;
            /** @description Why it failed: a stable code; empty where it did not. */
            error_code: string;
            /** @description Processes that are only named like a product. */
            misplaced: components["schemas"]["MisplacedProcess"][];
            /** @description Why it observes only, or would; empty where it does more. */
            observing_because: string;
            /** @description Products, EDR solutions first. */
            products: components["schemas"]["SecurityProduct"][];
            /** @description Both recommendations; nothing where the machine was not judged yet. */
            recommendations: components["schemas"]["MachineRecommendation"][];
            seen_at: components["schemas"]["Instant"] | null;
            /** @description By whom: `sensor`, `connector`; empty where nobody has looked, or that is too long ago. */
            seen_by: string;
            /** @description What our sensor does here: `standard`, `observing`; empty where there is none. */
            sensor_mode: string;
            tried_at: components["schemas"]["Instant"] | null;
        };
        /** @description Something that was done on a machine. */
        MachineTask: {
            /**
             * @description What was done: `preflight`, `install`, `adopt`, `deploy_extension`, `probe`, `start`, `upgrade`,
             *     `offboard`; or what somebody asked for: `fix`, `moved`, `remove_extension`, `offboard`, `onboard`, `scan`,
             *     `agentless`.
             */
            action: string;
            /** @description Who asked for it; empty where it was done by itself. */
            by: string;
            /** @description The finding's code where it failed. */
            code: string | null;
            /** @description When it was asked for. */
            created_at: components["schemas"]["Instant"];
            finished_at: components["schemas"]["Instant"] | null;
            /** @description Identifier. */
            id: string;
            /** @description Why, for people. */
            message: string | null;
            /** @description How: `done`, `looked`, `probed`, `failed`; empty while it runs. */
            outcome: string;
            /** @description `queued`, `running`, `done`. */
            state: string;
        };
        /** @description What was done on a machine, newest first. */
        MachineTaskPage: {
            /** @description The items of this page. */
            items: components["schemas"]["MachineTask"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description When updates may begin; those that have begun are ended. */
        MaintenanceWindow: {
            /**
             * Format: int32
             * @description How long it is open, minutes, 1 to 1440.
             */
            minutes: number;
            /** @description When it opens, `22:00`. */
            start: string;
            /**
             * Format: int32
             * @description What is to be added to UTC to have the clock that is meant, minutes, -840 to 840.
             */
            timezone_offset_minutes?: number;
            /** @description Days on which it opens, 0 (Monday) to 6 (Sunday). */
            weekdays: number[];
        };
        /** @description One named thing and its meaning. */
        Meaning: {
            /** @description What it means. */
            description: string;
            /** @description The name. */
            name: string;
        };
        /** @description A process that is named like a product's, and is none of it. */
        MisplacedProcess: {
            /** @description Whether the path is the product's but the file is not, as in a container. */
            elsewhere: boolean;
            /** @description Its executable. */
            exe: string;
            /** @description The product that it is named like. */
            like: string;
            /** @description What it is named. */
            name: string;
            /**
             * Format: int32
             * @description Its number.
             */
            pid: number;
        };
        /** @description A part that gave no answer. */
        MissingPart: {
            /**
             * @description Stable code: `not_permitted`, `too_short`, `not_supported`, `not_in_events`, `failed`, `timed_out`, or
             *     that of a query that failed.
             */
            code: string;
            /** @description Why, for people. */
            message: string;
            /** @description Which. */
            part: components["schemas"]["SearchPart"];
        };
        /** @description Where a machine shall belong. */
        MoveMachine: {
            /** @description Why, for the audit log. */
            reason?: string;
            /** @description Another subscription of the same tenant. */
            subscription_id: string;
        };
        /** @description How many, of what. */
        NamedCount: {
            /** @description Identifier or stable code. */
            id: string;
            /**
             * Format: int64
             * @description Machines.
             */
            machines: number;
            /** @description For people. */
            name: string;
        };
        /** @description A token to be made. */
        NewApiToken: {
            /** @description The device groups that it is limited to; those of its maker when absent. */
            device_groups?: string[] | null;
            /**
             * Format: int32
             * @description Its life in days, 1 to 365.
             */
            expires_in_days: number;
            /** @description A name to know it by. */
            name: string;
            /**
             * @description What of that: permissions by name, or `read`, `operate`, `administer` for what such a role may, in
             *     which only the last manages its owner's sessions and tokens. All of it when absent.
             */
            permissions?: string[] | null;
            /** @description The most that it may do; not more than its maker. */
            role: components["schemas"]["Role"];
        };
        /** @description A rule to make. */
        NewApplicationBlock: {
            /** @description Why it blocks without having warned. */
            confirm_reason?: string | null;
            /**
             * Format: int32
             * @description For how many days it holds, 1 to 365; 90 when absent.
             */
            days?: number | null;
            /**
             * Format: uuid
             * @description Only on the devices of this group; everywhere when absent.
             */
            device_group_id?: string | null;
            /** @description What events say with it: at most 200 characters. */
            message?: string;
            /** @description What happens. A rule that has not warned for a day blocks with a reason only. */
            mode: components["schemas"]["ApplicationBlockMode"];
            /** @description Why: 1 to 1000 characters. */
            note: string;
            software?: components["schemas"]["ApplicationBlockTarget"] | null;
            /** @description The recommendation's or vulnerability's identifier. */
            subject?: string;
            /** @description What it is for. */
            subject_type: components["schemas"]["BlockSubjectType"];
        };
        /** @description A connector to be made. */
        NewConnectorBody: {
            /**
             * @description Its credential, by kind: for SSH `{"private_key": "…"}`. It is sealed at once, and only the
             *     process that goes out to machines can open it.
             */
            credential?: unknown;
            /** @description `ssh`, `aws`, `cloud_init`. */
            kind: string;
            /** @description Its name. */
            name: string;
            /** @description What it needs to know, by kind. */
            settings: unknown;
            /** @description The subscription whose machines it finds. */
            subscription_id: string;
        };
        /** @description What a device group shall be. */
        NewDeviceGroup: {
            /** @description How far the product may go on its devices by itself. */
            automation: components["schemas"]["Automation"];
            /** @description How much harm the loss of one of its devices does. */
            criticality: components["schemas"]["Criticality"];
            /** @description What it is for, at most 1000 characters. */
            description?: string;
            /** @description Name, unique without regard to case. */
            name: string;
            /**
             * Format: int32
             * @description Its place, from 1; others make room. When absent the last one, or the one that it has.
             */
            rank?: number | null;
            /** @description Which devices belong to it. */
            rule: components["schemas"]["DeviceRule"];
        };
        /** @description An enrolment token to be made. */
        NewEnrolmentToken: {
            /**
             * Format: int32
             * @description Its life in hours, 1 to 2160.
             */
            expires_in_hours: number;
            /**
             * Format: int32
             * @description How many machines it takes in, 1 to 100000.
             */
            max_uses: number;
        };
        /** @description What machines shall be given to come by themselves. */
        NewOnboarding: {
            /**
             * Format: int32
             * @description The life of its token in hours, 1 to 2160.
             */
            expires_in_hours: number;
            /** @description How they come. */
            form: components["schemas"]["OnboardingForm"];
            /**
             * Format: int32
             * @description How many machines the token takes in, 1 to 100000.
             */
            max_uses: number;
            /** @description Where they belong. */
            subscription_id: string;
        };
        /** @description An order to give. */
        NewOrder: {
            /** @description What to do. */
            kind: components["schemas"]["OrderKind"];
            /** @description Why; it is kept with the order and shown to whoever looks at the device. */
            reason: string;
        };
        /** @description A recommendation to take on. */
        NewRemediation: {
            /**
             * Format: uuid
             * @description Only the devices of this group; all that need it when absent.
             */
            device_group_id?: string | null;
            due_at?: components["schemas"]["Instant"] | null;
            /** @description What else is to be said, at most 1000 characters. */
            note?: string;
            /** @description Whether tickets are opened by the webhooks that do that; they are when absent. */
            open_ticket?: boolean;
            /** @description Who sees to it, at most 200 characters; the caller when absent. */
            owner?: string | null;
            /** @description `low`, `medium`, `high`; medium when absent. */
            priority?: string | null;
            /** @description The recommendation. */
            recommendation_id: string;
            run?: components["schemas"]["RemediationRun"] | null;
        };
        /** @description How long a set-up link shall be good. */
        NewSetupLink: {
            /**
             * Format: int32
             * @description Hours, up to 14 days; a day when absent.
             */
            expires_in_hours?: number | null;
        };
        /** @description A subscription to be made. */
        NewSubscriptionBody: {
            /** @description What its cloud calls it. */
            external_id?: string;
            /** @description `direct`, `ssh`, `aws`, `cloud_init`. */
            kind: string;
            /** @description Its name. */
            name: string;
            /** @description The key of the tag that names a machine's owner. */
            owner_tag?: string;
        };
        /** @description Somebody to invite. */
        NewUser: {
            /**
             * @description The device groups that they are limited to; all devices when absent. An administrator cannot be
             *     limited.
             */
            device_groups?: string[] | null;
            /** @description Address. */
            email: string;
            /**
             * Format: int32
             * @description How long the link is good, hours, up to 14 days; a day when absent.
             */
            link_expires_in_hours?: number | null;
            /** @description Name. */
            name: string;
            /** @description Role. */
            role: components["schemas"]["Role"];
        };
        /** @description An exception to make. */
        NewVulnerabilityException: {
            /**
             * Format: int32
             * @description For how many days, 1 to 365; only a finding that is wrong may be excepted for good.
             */
            days?: number | null;
            /**
             * Format: uuid
             * @description Only on the devices of this group; everywhere when absent.
             */
            device_group_id?: string | null;
            /** @description Why. */
            justification: components["schemas"]["ExceptionJustification"];
            /** @description Why, in words: 1 to 1000 characters. */
            note: string;
            /** @description The vulnerability's or recommendation's identifier. */
            subject: string;
            /** @description What it is for. */
            subject_type: components["schemas"]["SubjectType"];
        };
        /** @description A webhook to make. */
        NewWebhookBody: {
            /** @description Whether anything is sent; it is when absent. */
            enabled?: boolean | null;
            /** @description `palisade` (when absent), `chat`, `jira`, `servicenow`. */
            format?: string | null;
            /** @description Further headers, such as `authorization`; sealed at once. */
            headers?: {
                [key: string]: string;
            };
            /** @description Name. */
            name: string;
            /** @description What it needs to know, by format. */
            settings?: unknown;
            /** @description What bodies are signed with, 16 to 256 bytes; made by the server when absent. */
            signing_secret?: string | null;
            /** @description Whether tickets of remediations are opened here. */
            tickets?: boolean;
            /** @description Where to: `https://host/path`. Sealed at once; only its origin is shown. */
            url: string;
        };
        /** @description Something that was sent to a webhook, or is to be. */
        NotificationDelivery: {
            attempted_at: components["schemas"]["Instant"] | null;
            /**
             * Format: int32
             * @description How often it was tried.
             */
            attempts: number;
            /** @description When it was queued. */
            created_at: components["schemas"]["Instant"];
            /** @description What is sent, before it takes the webhook's form. */
            document: unknown;
            /** @description The same for people. */
            error: string;
            /** @description Stable code of what went wrong; empty where nothing did. */
            error_code: string;
            finished_at: components["schemas"]["Instant"] | null;
            /** @description Identifier; the receiver gets it in the header `palisade-delivery`, the same for each attempt. */
            id: string;
            /**
             * Format: int32
             * @description HTTP status of the last answer; null where there was none.
             */
            last_status: number | null;
            next_attempt_at: components["schemas"]["Instant"] | null;
            /** @description That rule's name. */
            rule: string;
            /** @description The rule that wanted it; null for tickets and tests of a webhook. */
            rule_id: string | null;
            /** @description `queued`, `sending`, `retrying`, `delivered`, `dead`. */
            state: string;
            /** @description What a ticket is about, `remediation:<id>`; empty for the others. */
            subject: string;
            /** @description The ticket's key in its own system; empty where there is none. */
            ticket_key: string;
            /** @description The ticket's address. */
            ticket_url: string;
            /** @description One line for people. */
            title: string;
            /** @description `events`, `ticket`, `test`. */
            type: string;
            /** @description Its name. */
            webhook: string;
            /** @description The webhook. */
            webhook_id: string;
        };
        /** @description Deliveries. */
        NotificationDeliveryPage: {
            /** @description The items of this page. */
            items: components["schemas"]["NotificationDelivery"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A notification rule. */
        NotificationRule: {
            /** @description When it was changed last. */
            changed_at: components["schemas"]["Instant"];
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description That group's name; empty where it is gone, and nothing matches. */
            device_group: string;
            /** @description Only devices of this group count; null for all. */
            device_group_id: string | null;
            /** @description Whether it is in force. */
            enabled: boolean;
            /** @description Only about what is exploited; for events about vulnerabilities too. */
            exploited_only: boolean;
            /** @description Identifier. */
            id: string;
            /** @description Kinds of events that it wants to hear of. */
            kinds: string[];
            last_fired_at: components["schemas"]["Instant"] | null;
            /**
             * Format: int32
             * @description Only where it concerns at least so many devices.
             */
            least_devices: number;
            /** @description Name. */
            name: string;
            /** @description The least severity; empty for any. It holds for events about vulnerabilities. */
            severity: string;
            /** @description Where it is sent. */
            webhooks: components["schemas"]["RuleWebhook"][];
        };
        /** @description A notification rule to make, or what one shall be. */
        NotificationRuleBody: {
            /**
             * Format: uuid
             * @description Only devices of this group count.
             */
            device_group_id?: string | null;
            /** @description Whether it is in force; it is when absent. */
            enabled?: boolean | null;
            /** @description Only about what is exploited. */
            exploited_only?: boolean;
            /** @description Kinds of events, at least one. */
            kinds: string[];
            /**
             * Format: int32
             * @description Only where it concerns at least so many devices.
             */
            least_devices?: number;
            /** @description Name. */
            name: string;
            /** @description The least severity: `critical`, `high`, `medium`, `low`, `none`, `unknown`; any when absent or empty. */
            severity?: string;
            /** @description Where it is sent, at most 10. */
            webhook_ids: string[];
        };
        /** @description Notification rules. */
        NotificationRulePage: {
            /** @description The items of this page. */
            items: components["schemas"]["NotificationRule"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What machines are given to come by themselves. */
        Onboarding: {
            /** @description When the token ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description A name for the file. */
            file_name: string;
            /** @description How they come. */
            form: components["schemas"]["OnboardingForm"];
            /**
             * Format: int32
             * @description How many machines it takes in.
             */
            max_uses: number;
            /** @description The file. It holds a token and is never shown again. */
            text: string;
            /** @description The token's identifier, by which it can be ended. */
            token_id: string;
        };
        /**
         * @description How a machine comes by itself.
         * @enum {string}
         */
        OnboardingForm: "script" | "cloud_init" | "package";
        /** @description An order. */
        Order: {
            completed_at: components["schemas"]["Instant"] | null;
            /** @description When it was given. */
            created_at: components["schemas"]["Instant"];
            delivered_at: components["schemas"]["Instant"] | null;
            /** @description The device. */
            device_id: string;
            /** @description When the device will no longer obey it. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /** @description What it is to do. */
            kind: string;
            /** @description Why, in the words of who asked. */
            reason: string;
            /** @description What the device reported, with its proof; null before. */
            receipt: unknown;
            /** @description Who asked. */
            requested_by: string;
            /**
             * Format: int64
             * @description From giving it to its receipt, milliseconds.
             */
            round_trip_ms: number | null;
            /** @description Where it stands. */
            state: components["schemas"]["OrderState"];
        };
        /**
         * @description What a device can be ordered to do.
         * @enum {string}
         */
        OrderKind: "ping" | "collect-now" | "inventory" | "baseline";
        /** @description Orders, newest first. */
        OrderPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Order"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description Where an order stands.
         * @enum {string}
         */
        OrderState: "queued" | "delivered" | "succeeded" | "failed" | "expired";
        /**
         * @description What to do beside other security products.
         * @enum {string}
         */
        OtherProductsRule: "observe" | "leave_alone";
        /** @description A finding that was. */
        PastFinding: {
            cleared_at: components["schemas"]["Instant"] | null;
            /** @description The stable code. */
            code: string;
            /** @description Its kind. */
            kind: string;
            /** @description Its message. */
            message: string;
            /** @description When it was raised. */
            raised_at: components["schemas"]["Instant"];
        };
        /** @description The tenant's switch. */
        PlanEnforcement: {
            /** @description `off` unless somebody switched it on. */
            enforcement: components["schemas"]["EnforcementWord"];
        };
        /** @description A feature, and which plans open it. */
        PlanFeature: {
            /** @description Its stable name. */
            name: string;
            /** @description All plans of any one of these lists open it; nothing is needed where there is no list. */
            needs: string[][];
            /** @description Whether it is open in the caller's tenant now. */
            open: boolean;
            /** @description What it is. */
            title: string;
        };
        /** @description What plans open. */
        PlanFeatures: {
            /** @description Whether that is enforced in the caller's tenant. */
            enforcement: components["schemas"]["EnforcementWord"];
            /** @description Every feature. */
            items: components["schemas"]["PlanFeature"][];
        };
        /** @description What would be done on one machine. */
        PlannedMachine: {
            /** @description The finding's code where it is stopped or excluded. */
            code: string | null;
            /** @description Its name. */
            machine: string;
            /** @description The machine. */
            machine_id: string;
            /** @description `install`, `adopt`, `stop`, `exclude`, `when_it_runs`, `by_itself`, `look`. */
            plan: string;
            /** @description In which wave, from 1. */
            wave: number | null;
            /** @description The same for people. */
            words: string;
        };
        /** @description What is decided about the plans of a subscription; what is absent stays. */
        PlansBody: {
            posture?: components["schemas"]["PlanTurn"] | null;
            servers?: components["schemas"]["PlanTurn"] | null;
            servers_step?: components["schemas"]["ServersStep"] | null;
        };
        /** @description A plan's standing. */
        PlanStanding: {
            /** @description `off`, `trial`, `trial_ended`, `paid`. */
            standing: string;
            trial_until: components["schemas"]["Instant"] | null;
        };
        /**
         * @description What is decided about a plan.
         * @enum {string}
         */
        PlanTurn: "trial" | "pay" | "off";
        /** @description One thing that the last preflight looked at. */
        PreflightCheck: {
            /** @description What was looked at. */
            check: string;
            /** @description What was found. */
            found: string;
            /** @description `ok`, `warning`, `failed`, `skipped`. */
            result: string;
        };
        /** @description A device that a rule would match. */
        PreviewedDevice: {
            /** @description Identifier. */
            id: string;
            /** @description Whether it belongs to the saved group already. */
            member: boolean;
            /** @description Host name. */
            name: string;
            /** @description Distribution. */
            os_distribution: string;
            /** @description Its version. */
            os_version: string;
        };
        /** @description A rule to be tried. */
        PreviewRequest: {
            /** @description `next_cursor` of the page before. */
            cursor?: string | null;
            /**
             * Format: uuid
             * @description The saved group whose rule this would become; none for a new one.
             */
            group_id?: string | null;
            /**
             * Format: int32
             * @description Most devices of a page, 1 to 1000; 50 when absent.
             */
            limit?: number | null;
            /** @description Which devices would belong to the group. */
            rule: components["schemas"]["DeviceRule"];
        };
        /** @description One process. */
        ProcessNode: {
            /** @description Account that it ran as. */
            account_name: string;
            /** @description Command line. */
            command_line: string;
            end: components["schemas"]["Instant"] | null;
            /** @description Name of the executable. */
            file_name: string;
            /** @description Whether it is the process that was asked for. */
            focus: boolean;
            /** @description Path of the executable. */
            folder_path: string;
            /** @description Its unique identifier on the device. */
            id: string;
            /** @description Whether its start was not seen, so that less is known. */
            is_partial: boolean;
            /** @description The node that started it; null at the top. */
            parent_id: string | null;
            /**
             * Format: int64
             * @description Process id; reused by the system.
             */
            pid: number;
            /** @description SHA-256 of the executable. */
            sha256: string;
            start: components["schemas"]["Instant"] | null;
        };
        /** @description The processes around one process. */
        ProcessTree: {
            /** @description Ancestors from the top, the process itself, its children by start. */
            nodes: components["schemas"]["ProcessNode"][];
            /** @description Whether there are more ancestors or children than are shown. */
            truncated: boolean;
        };
        /** @description One check of a product's set-up. */
        ProductCheck: {
            /** @description The stable code. */
            code: string;
            /** @description What it rests on. */
            evidence: string;
            /** @description What is wrong, or why nobody knows; empty where all is well. */
            message: string;
            /** @description `unhealthy`, `unknown`, `healthy`, `not_applicable`. */
            outcome: string;
            /** @description `running`, `protection`, `registration`, `definitions`, `quick_scan`, `full_scan`, `scans`. */
            topic: string;
        };
        /** @description A check of a profile, and how it ended on the caller's devices. */
        ProfileCheck: {
            /** @description `application`, `os`, `network`, `accounts`, `security_controls`. */
            category: string;
            /**
             * Format: int64
             * @description Devices that comply.
             */
            compliant: number;
            /** @description Identifier. */
            id: string;
            /**
             * Format: int32
             * @description Its weight in the secure score, 1 to 10.
             */
            impact: number;
            /**
             * Format: int32
             * @description 1: every server; 2: where security goes before comfort.
             */
            level: number;
            /**
             * Format: int64
             * @description Devices where it says nothing.
             */
            not_applicable: number;
            /**
             * Format: int64
             * @description Devices that do not.
             */
            not_compliant: number;
            /**
             * Format: int64
             * @description Devices where it could not be told.
             */
            not_evaluated: number;
            /** @description `low`, `medium`, `high`. */
            severity: string;
            /** @description What should be. */
            title: string;
            /** @description The values of its parameters in this profile. */
            values: Record<string, never>;
        };
        /** @description Checks of a profile. */
        ProfileCheckPage: {
            /** @description The items of this page. */
            items: components["schemas"]["ProfileCheck"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What a query cost. */
        QueryStats: {
            /**
             * Format: double
             * @description Processor time, milliseconds.
             * @default 0
             */
            cpu_ms: number;
            /**
             * Format: int64
             * @description Most memory that was reserved at once, bytes.
             * @default 0
             */
            peak_memory_bytes: number;
            /**
             * Format: int64
             * @description Rows in the answer.
             * @default 0
             */
            rows_returned: number;
            /**
             * Format: int64
             * @description Rows read from storage.
             * @default 0
             */
            rows_scanned: number;
            /**
             * Format: double
             * @description Time from start to end, milliseconds.
             * @default 0
             */
            wall_ms: number;
        };
        /** @description A call of this API that does something about a recommendation. */
        QuickAction: {
            /** @description `enable_integration`, `upgrade_plan`, `troubleshoot_onboarding`. */
            action: string;
            /** @description The body; null where there is none. */
            body: unknown;
            /** @description The method. */
            method: string;
            /** @description The path; `{machine}` and `{subscription}` in it are filled in. */
            path: string;
            /** @description What it does. */
            words: string;
        };
        /** @description What machine-hours cost from some instant on. */
        RateCard: {
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who wrote it. */
            created_by: string;
            /** @description The currency's three letters. */
            currency: string;
            /** @description The first instant; it counts from the next full hour on. */
            effective: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /**
             * @description The price of a machine-hour by plan, a decimal number. A plan that is not named costs what the
             *     card before says.
             */
            rates: {
                [key: string]: string;
            };
        };
        /** @description A rate card to be written. */
        RateCardBody: {
            /** @description The currency's three letters, such as `EUR`. */
            currency: string;
            /** @description From when on: `YYYY-MM`, `YYYY-MM-DD` (midnight UTC) or RFC 3339. */
            effective: string;
            /**
             * @description The price of a machine-hour by plan (`servers_p1`, `servers_p2`, `posture`), a decimal number with
             *     at most six places.
             */
            rates: {
                [key: string]: string;
            };
        };
        /** @description Rate cards. */
        RateCardPage: {
            /** @description The items of this page. */
            items: components["schemas"]["RateCard"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A recommendation that somebody has taken on. */
        Remediation: {
            approved_at: components["schemas"]["Instant"] | null;
            /** @description Who approved that sensors carry it out; empty where nobody did. */
            approved_by: string;
            completed_at: components["schemas"]["Instant"] | null;
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who took it on. */
            created_by: string;
            /**
             * Format: int64
             * @description The caller's devices in it.
             */
            devices: number;
            /**
             * Format: int64
             * @description Of these, those where it failed or would not work.
             */
            devices_failed: number;
            /**
             * Format: int64
             * @description Of these, those whose own inventory shows the fix.
             */
            devices_fixed: number;
            /**
             * Format: int64
             * @description Of these, those that left service meanwhile.
             */
            devices_gone: number;
            due_at: components["schemas"]["Instant"] | null;
            /** @description Distribution and release, or a language's registry. */
            ecosystem: string;
            /**
             * Format: double
             * @description By how much the organisation's exposure was to fall; null for somebody who is limited to device groups.
             */
            exposure_impact: number | null;
            /** @description Identifier. */
            id: string;
            measured_at: components["schemas"]["Instant"] | null;
            /** @description What else was said. */
            note: string;
            /** @description Whether that has passed and it is not over. */
            overdue: boolean;
            /** @description Who sees to it. */
            owner: string;
            /** @description `low`, `medium`, `high`. */
            priority: string;
            /**
             * Format: double
             * @description Fixed devices as a part of those in service, 0 to 1.
             */
            progress: number;
            /** @description The same in words. */
            reason: string;
            /** @description Why it stands still or has stopped: a code; empty where there is nothing to say. */
            reason_code: string;
            /** @description The recommendation that it carries out. */
            recommendation_id: string;
            /** @description The version that fixes; empty where there is none. */
            recommended_version: string;
            /** @description What it is about. */
            related_component: string;
            /** @description That one's kind: `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`. */
            remediation_type: string;
            run: components["schemas"]["RemediationRun"] | null;
            /** @description The worst severity that it takes away. */
            severity: string;
            /** @description `requested`, `running`, `checked`, `paused`, `stopped`, `completed`, `cancelled`. */
            state: string;
            /** @description That ticket's key; empty before that system answered. */
            ticket_key: string;
            /** @description Its ticket in another system: `queued`, `sending`, `retrying`, `delivered`, `dead`; empty where there is none. */
            ticket_state: string;
            /** @description That ticket's address; empty in the same cases. */
            ticket_url: string;
            /** @description What is to be done, in a line. */
            title: string;
        };
        /** @description An approval. */
        RemediationApproval: {
            /** @description What is approved. */
            phase: components["schemas"]["ApprovedPhase"];
            run?: components["schemas"]["RemediationRun"] | null;
        };
        /** @description A device of a remediation. */
        RemediationDevice: {
            /** @description Whether the others wait for it. */
            canary: boolean;
            /** @description What went wrong: a code; empty where nothing did. */
            code: string;
            /** @description The device. */
            device_id: string;
            /** @description Its name. */
            device_name: string;
            fixed_at: components["schemas"]["Instant"] | null;
            /** @description The same in words. */
            message: string;
            /** @description The order that it has, or had last. */
            order_id: string | null;
            /** @description What it proved last: versions before and after, commands, what has to start again. */
            proof: unknown;
            /** @description Since when. */
            since: components["schemas"]["Instant"];
            /**
             * @description `waiting`, `checking`, `checked`, `refused`, `applying`, `applied`, `verified`, `failed`, `rolling_back`,
             *     `rolled_back`, `gone`.
             */
            step: string;
        };
        /** @description Devices of a remediation: failures first, then the canary. */
        RemediationDevicePage: {
            /** @description The items of this page. */
            items: components["schemas"]["RemediationDevice"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Remediations, newest first. */
        RemediationPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Remediation"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description How sensors carry a remediation out, once somebody has approved it. */
        RemediationRun: {
            /**
             * Format: int32
             * @description Devices that are updated at once, 1 to 100.
             * @default 5
             */
            at_once: number;
            /**
             * @description Whether one device goes first, and the others wait until its inventory shows that it worked.
             * @default true
             */
            canary: boolean;
            /**
             * @description Packages of the list of what is never touched that may be updated all the same, by name.
             * @default []
             */
            name_never_touch: string[];
            /**
             * Format: int32
             * @description How long that one has to stand before others follow, minutes, 0 to 10080.
             * @default 10
             */
            soak_minutes: number;
            /** @default null */
            window: components["schemas"]["MaintenanceWindow"] | null;
        };
        /** @description What is to change of a remediation; what is absent stays. */
        RemediationUpdate: {
            due_at?: components["schemas"]["Instant"] | null;
            /** @description What else is to be said. */
            note?: string | null;
            /** @description Who sees to it. */
            owner?: string | null;
            /** @description `low`, `medium`, `high`. */
            priority?: string | null;
        };
        /** @description A chart, as the query's `render` asks for it. The rows are the same without it. */
        Render: {
            /** @description Whether each value adds to those before. */
            accumulate: boolean;
            /** @description The columns whose points are marked as anomalies. */
            anomaly_columns: string[];
            /** @description `default`, `unstacked`, `stacked`, `stacked100` or `map`. */
            kind: string | null;
            /** @description `visible` or `hidden`. */
            legend: string | null;
            /** @description The columns whose values make one series each. */
            series: string[];
            /** @description The heading. */
            title: string | null;
            /** @description Such as `timechart`, as it is written. */
            visualization: string;
            /** @description `linear` or `log`. */
            x_axis: string | null;
            /** @description The column of the x axis. */
            x_column: string | null;
            x_max: components["schemas"]["AxisBound"] | null;
            x_min: components["schemas"]["AxisBound"] | null;
            /** @description What stands at the x axis. */
            x_title: string | null;
            /** @description `linear` or `log`. */
            y_axis: string | null;
            /** @description The columns of the y axis; none where all numbers are meant. */
            y_columns: string[];
            y_max: components["schemas"]["AxisBound"] | null;
            y_min: components["schemas"]["AxisBound"] | null;
            /** @description `none`, `axes` or `panels`. */
            y_split: string | null;
            /** @description What stands at the y axis. */
            y_title: string | null;
        };
        /** @description A column of a result. */
        ResultColumn: {
            /** @description Its name. */
            name: string;
            /** @description Its KQL type. */
            type: string;
        };
        /**
         * @description What somebody may do.
         * @enum {string}
         */
        Role: "administrator" | "operator" | "reader";
        /** @description How far a roll-out has come. */
        Rollout: {
            /** @description While it is held: machines that broke. */
            broken: number;
            /** @description While it is held: machines that are finished, the broken ones among them. */
            finished: number;
            /** @description Machines that it is about. */
            machines: number;
            /** @description `none` (nothing was rolled out yet), `running`, `held` (a person decides), `done`. */
            state: string;
            /** @description Waves that were let go. */
            wave: number;
            /** @description Of how many. */
            waves: number;
        };
        /** @description A webhook that a rule names. */
        RuleWebhook: {
            /** @description Identifier. */
            id: string;
            /** @description Name. */
            name: string;
        };
        /** @description A saved query. */
        SavedQuery: {
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description What it is for. */
            description: string;
            /** @description Where people look for it: parts with slashes between them, or empty. */
            folder: string;
            /** @description Identifier. */
            id: string;
            /** @description Name, unique in its folder among the shared ones, or among those of its owner. */
            name: string;
            /** @description Whether it is the caller's. */
            own: boolean;
            /** @description Whose it is. */
            owner: string;
            /** @description KQL. */
            query: string;
            /**
             * Format: int64
             * @description How often it was written, from 1; a change names the newest.
             */
            revision: number;
            /** @description Whether everybody of the tenant who may hunt sees it; else its owner only. */
            shared: boolean;
            /** @description When. */
            updated_at: components["schemas"]["Instant"];
            /** @description Who changed it last. */
            updated_by: string;
        };
        /** @description Saved queries by name. */
        SavedQueryPage: {
            /** @description The items of this page. */
            items: components["schemas"]["SavedQuery"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description An export by the clock. */
        ScheduledExport: {
            /**
             * Format: int32
             * @description Hour of the day, UTC; null for every hour.
             */
            at_hour: number | null;
            /**
             * Format: int32
             * @description Minute of the hour, UTC.
             */
            at_minute: number;
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description Whether it is in force. */
            enabled: boolean;
            /** @description `hour`, `day` or `week`. */
            every: string;
            /** @description The kind of file. */
            format: string;
            /** @description Identifier. */
            id: string;
            /**
             * Format: int32
             * @description Files that are kept; older ones are removed.
             */
            keep: number;
            last_run: components["schemas"]["HuntingExportRun"] | null;
            /** @description Name. */
            name: string;
            next_run_at: components["schemas"]["Instant"] | null;
            /**
             * Format: int32
             * @description Day of the week, 1 (Monday) to 7; null but for every week.
             */
            on_weekday: number | null;
            /** @description Whose it is: it runs with their rights as they are then. */
            owner: string;
            /** @description KQL. */
            query: string;
            /** @description When. */
            updated_at: components["schemas"]["Instant"];
            /** @description Who changed it last. */
            updated_by: string;
        };
        /** @description An export by the clock to make, or what one shall be. */
        ScheduledExportBody: {
            /**
             * Format: int32
             * @description Hour of the day, UTC, 0 to 23; absent for every hour.
             */
            at_hour?: number | null;
            /**
             * Format: int32
             * @description Minute of the hour, UTC, 0 to 59.
             */
            at_minute: number;
            /** @description Whether it is in force; it is when absent. */
            enabled?: boolean | null;
            /** @description `hour`, `day` or `week`. */
            every: string;
            /** @description The kind of file. */
            format: components["schemas"]["ExportFormat"];
            /**
             * Format: int32
             * @description Files that are kept, 1 to 100; 10 when absent.
             */
            keep?: number | null;
            /** @description Name. */
            name: string;
            /**
             * Format: int32
             * @description Day of the week, 1 (Monday) to 7; absent but for every week.
             */
            on_weekday?: number | null;
            /** @description KQL. */
            query: string;
        };
        /** @description Exports by the clock. */
        ScheduledExportPage: {
            /** @description The items of this page. */
            items: components["schemas"]["ScheduledExport"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What was found. */
        SearchAnswer: {
            /** @description Connectors. */
            connectors: components["schemas"]["FoundByName"][];
            /**
             * Format: int32
             * @description How many days of events were searched.
             */
            days: number;
            /** @description Device groups. */
            device_groups: components["schemas"]["FoundByName"][];
            /** @description Devices. */
            devices: components["schemas"]["FoundDevice"][];
            /** @description What events spoke of. */
            events: components["schemas"]["EventHit"][];
            /** @description Health findings. */
            findings: components["schemas"]["FoundFinding"][];
            /** @description What it may be, the likeliest first. */
            kinds: components["schemas"]["InputKind"][];
            /** @description Machines. */
            machines: components["schemas"]["FoundMachine"][];
            /** @description Parts that gave no answer, and why. */
            missing: components["schemas"]["MissingPart"][];
            /** @description Parts that have more than is shown; of events the latest are, without that being told. */
            more: components["schemas"]["SearchPart"][];
            /** @description People. */
            people: components["schemas"]["FoundPerson"][];
            /** @description The text as it was understood. */
            query: string;
            /** @description What should be done about it, what brings most first. */
            recommendations: components["schemas"]["FoundRecommendation"][];
            /** @description Software that they have, by name. */
            software: components["schemas"]["FoundSoftware"][];
            /** @description Subscriptions. */
            subscriptions: components["schemas"]["FoundByName"][];
            /** @description Vulnerabilities that the caller's devices have, worst first. */
            vulnerabilities: components["schemas"]["FoundVulnerability"][];
        };
        /**
         * @description What can be looked through.
         * @enum {string}
         */
        SearchPart: "devices" | "machines" | "subscriptions" | "connectors" | "device_groups" | "people" | "findings" | "vulnerabilities" | "software" | "recommendations" | "events";
        /** @description The score of each category, 0 to 100; null where nothing applies. */
        SecureCategories: {
            /**
             * Format: double
             * @description Accounts, passwords, rights.
             */
            accounts: number | null;
            /**
             * Format: double
             * @description Applications and what is installed.
             */
            application: number | null;
            /**
             * Format: double
             * @description Network and what listens on it.
             */
            network: number | null;
            /**
             * Format: double
             * @description The operating system.
             */
            os: number | null;
            /**
             * Format: double
             * @description What protects and records.
             */
            security_controls: number | null;
        };
        /** @description Why the score changed. */
        SecureChange: {
            /**
             * @description `check`: something else complies, or applies; `joined`, `left`: devices came or went; `criticality`: devices
             *     matter more or less.
             */
            cause: string;
            /**
             * Format: double
             * @description Points; negative where the score fell.
             */
            points: number;
            /** @description The recommendation's identifier of what complies or not; empty for other causes. */
            recommendation_id: string;
            /** @description What that is; empty where this version does not know it. */
            title: string;
        };
        /** @description Something that costs points. */
        SecureCost: {
            /** @description `application`, `os`, `network`, `accounts`, `security_controls`. */
            category: string;
            /**
             * Format: int64
             * @description Devices that do not comply.
             */
            failing_devices: number;
            /**
             * Format: int64
             * @description Its weight, 1 to 10.
             */
            impact: number;
            /**
             * Format: double
             * @description Points of the score that it costs.
             */
            points: number;
            /** @description The recommendation's identifier. */
            recommendation_id: string;
            /** @description What it is. */
            title: string;
        };
        /** @description The organisation's secure score over time. */
        SecureHistory: {
            /** @description Oldest first; a point holds until the next. */
            items: components["schemas"]["SecurePoint"][];
            /** @description Whether it is kept for the caller: it is not for somebody who is limited to device groups. */
            kept: boolean;
        };
        /** @description The organisation's secure score in an hour. */
        SecurePoint: {
            /** @description By category, those where something applies. */
            categories: Record<string, never>;
            /** @description Why it changed within the hour, the largest first; the points add up to the change. */
            changes: components["schemas"]["SecureChange"][];
            /**
             * Format: int64
             * @description Devices where something applies.
             */
            devices: number;
            /**
             * Format: double
             * @description 0 to 100, at its end.
             */
            score: number;
            /** @description When the hour began. */
            time: components["schemas"]["Instant"];
        };
        /** @description The secure score of all devices of the caller; 0 to 100, higher is better. */
        SecureScore: {
            /** @description By category. */
            categories: components["schemas"]["SecureCategories"];
            /** @description What costs most, at most 50. */
            costs: components["schemas"]["SecureCost"][];
            /**
             * Format: int64
             * @description Devices where something applies.
             */
            devices: number;
            /**
             * Format: double
             * @description The mean weighted by criticality; null where nothing applies.
             */
            score: number | null;
            /** @description When this was asked. */
            time: components["schemas"]["Instant"];
            /**
             * Format: int64
             * @description Devices in service of which nothing is known.
             */
            unassessed_devices: number;
        };
        /** @description What is known of a device's secure score. */
        SecureScoreOfDevice: {
            /** @description What costs it most, at most 50. */
            costs: components["schemas"]["SecureCost"][];
            secure_score: components["schemas"]["DeviceSecureScore"] | null;
        };
        /** @description A security product on a machine. */
        SecurityProduct: {
            /** @description What was checked of its set-up; nothing where it is no EDR solution. */
            checks: components["schemas"]["ProductCheck"][];
            /** @description By what it was recognised. */
            evidence: string[];
            /** @description Its identifier in the catalogue. */
            id: string;
            /** @description `edr`, `antivirus`, `monitor`. */
            kind: string;
            /** @description Its name. */
            name: string;
            /** @description Whether a sensor beside it observes only. */
            owns_machine: boolean;
            /** @description `yes`, `no`, `unknown`. */
            running: string;
            /** @description Its version; empty where nothing says it. */
            version: string;
        };
        /** @description Something to do. */
        SecurityRecommendation: {
            /** @description More about it: commands, vulnerabilities, what was computed. */
            document: unknown;
            /**
             * Format: int64
             * @description Of these, devices for which an exception holds.
             */
            excepted_devices: number;
            /** @description Whether CISA knows that one of these vulnerabilities is exploited. */
            exploited: boolean;
            /**
             * Format: int64
             * @description The caller's devices that need it.
             */
            exposed_devices: number;
            /**
             * Format: double
             * @description By how much the organisation's exposure falls once it is done everywhere; null for somebody who is
             *     limited to device groups.
             */
            exposure_impact: number | null;
            /** @description When it was first given. */
            first_given: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /** @description Whether an exploit of one is public. */
            public_exploit: boolean;
            /** @description The version to update to; empty where there is none. */
            recommended_version: string;
            /** @description What it is about. */
            related_component: string;
            /** @description Distribution and release; empty for a language's package. */
            release: string;
            /** @description `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`. */
            remediation_type: string;
            /** @description What has to start again: `none`, `processes`, `reboot`. */
            restart: string;
            /**
             * Format: double
             * @description By how much the organisation's secure score rises then; null for somebody who is limited to device groups, and
             *     where nothing counts in it.
             */
            secure_score_impact: number | null;
            /** @description The worst severity of what it takes away. */
            severity: string;
            /** @description `active`, `partial_exception`, `full_exception`. */
            status: string;
            /**
             * Format: int64
             * @description Vulnerabilities that it takes away.
             */
            weaknesses: number;
        };
        /** @description Recommendations. */
        SecurityRecommendationPage: {
            /** @description The items of this page. */
            items: components["schemas"]["SecurityRecommendation"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description What events spoke of.
         * @enum {string}
         */
        Seen: "process" | "file" | "user" | "address" | "own_address";
        /**
         * @description Which Servers plan.
         * @enum {string}
         */
        ServersStep: "p1" | "p2";
        /** @description A session of the console. */
        Session: {
            /** @description When it began. */
            created_at: components["schemas"]["Instant"];
            /** @description Whether this very call uses it. */
            current: boolean;
            /** @description When it ends if it is not used. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /** @description From where it began. */
            ip_address: string;
            /** @description When it was last used, to about a minute. */
            last_seen: components["schemas"]["Instant"];
            /** @description The browser as it names itself. */
            user_agent: string;
        };
        /** @description The present session. */
        SessionInfo: {
            /** @description The value of the header X-Palisade-Csrf. */
            csrf: string;
            /** @description Session or token. */
            kind: components["schemas"]["CredentialKind"];
            /** @description Whether the caller sees the devices of some groups only; `GET /device-groups` lists these. */
            limited: boolean;
            /** @description The same by name: what this very session or token holds of its role. */
            permissions: string[];
            /** @description What the caller may do. */
            role: components["schemas"]["Role"];
            /** @description The tenant. */
            tenant: components["schemas"]["Tenant"];
            /** @description The account; for a token of the instance itself, the token's name and identifier. */
            user: components["schemas"]["User"];
        };
        /** @description Sessions. */
        SessionPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Session"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Proof of the second factor. */
        SetupConfirm: {
            /** @description Six digits from the authenticator; a reader may go without. */
            code?: string | null;
            /** @description From the answer before. */
            setup_session: string;
        };
        /** @description The second factor to add to an authenticator. */
        SetupEnrolment: {
            /** @description Continues the set-up. */
            setup_session: string;
            /** @description The secret in base 32. */
            totp_secret: string;
            /** @description The same as `otpauth:` address, for a QR code. */
            totp_uri: string;
        };
        /** @description What a set-up link is for. */
        SetupInfo: {
            /** @description The address of the person who was invited; null where any may be given. */
            email: string | null;
            /** @description Their name. */
            name: string | null;
            role: components["schemas"]["Role"] | null;
            /** @description The tenant's name; empty when the link is not valid. */
            tenant_name: string;
            /** @description Whether the link can be used. */
            valid: boolean;
        };
        /** @description Account data for a set-up link. */
        SetupRequest: {
            /** @description Address, by which to sign in. */
            email: string;
            /** @description Name. */
            name: string;
            /** @description Password, at least 12 characters. */
            password: string;
            /** @description The link's token. */
            token: string;
        };
        /** @description How many vulnerabilities there are of each severity. */
        SeverityCounts: {
            /**
             * Format: int64
             * @description Critical ones.
             */
            critical: number;
            /**
             * Format: int64
             * @description High ones.
             */
            high: number;
            /**
             * Format: int64
             * @description Low ones, and those with none.
             */
            low: number;
            /**
             * Format: int64
             * @description Medium ones.
             */
            medium: number;
            /**
             * Format: int64
             * @description Those that nobody has scored.
             */
            unknown: number;
        };
        /** @description Who signed in. */
        SignedIn: {
            /** @description The account. */
            user: components["schemas"]["User"];
        };
        /** @description Credentials. */
        SignInRequest: {
            /** @description Six digits from the authenticator, where the account has one. */
            code?: string | null;
            /** @description Address. */
            email: string;
            /** @description Password. */
            password: string;
            /** @description The tenant's name; needed only on an instance with several. */
            tenant?: string | null;
        };
        /** @description A package in all its versions; every number is one of the caller's devices. */
        Software: {
            /** @description Whether a feed speaks of every version: without one, no weaknesses is no clean bill. */
            covered: boolean;
            /** @description Whose names and versions these are. */
            ecosystem: string;
            /** @description The earliest last day of support of a version, `YYYY-MM-DD`; empty where no table knows it. */
            end_of_support: string;
            /**
             * Format: int64
             * @description Vulnerabilities that CISA knows to be exploited.
             */
            exploited: number;
            /**
             * Format: int64
             * @description Devices with a version that has a vulnerability.
             */
            exposed_devices: number;
            /** @description Identifier. */
            id: string;
            /**
             * Format: int64
             * @description Devices that have it.
             */
            installed_devices: number;
            /** @description Name. */
            name: string;
            /**
             * Format: int64
             * @description Vulnerabilities with a public exploit.
             */
            public_exploit: number;
            /**
             * Format: int64
             * @description Devices on which it runs or is loaded.
             */
            running_devices: number;
            /** @description The worst severity of these; empty without one. */
            severity: string;
            /** @description Who makes it; empty where nobody says. */
            vendor: string;
            /**
             * Format: int64
             * @description Different versions.
             */
            versions: number;
            /**
             * Format: int64
             * @description Vulnerabilities in any of them.
             */
            weaknesses: number;
        };
        /** @description A software with its versions. */
        SoftwareDetail: {
            /** @description Its versions, most devices first. */
            distribution: components["schemas"]["SoftwareVersion"][];
            /** @description The software. */
            software: components["schemas"]["Software"];
        };
        /** @description Software. */
        SoftwarePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Software"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A version of a software. */
        SoftwareVersion: {
            /** @description Whether a feed speaks of it. */
            covered: boolean;
            /** @description Last day of its support; empty where no table knows it. */
            end_of_support: string;
            /**
             * Format: int64
             * @description Vulnerabilities that CISA knows to be exploited.
             */
            exploited: number;
            /**
             * Format: int64
             * @description Devices that have it.
             */
            installed_devices: number;
            /** @description Distribution and release; empty for a language's package. */
            release: string;
            /**
             * Format: int64
             * @description Devices on which it runs or is loaded.
             */
            running_devices: number;
            /** @description The worst severity of these; empty without one. */
            severity: string;
            /** @description The version. */
            version: string;
            /**
             * Format: int64
             * @description Vulnerabilities in it.
             */
            weaknesses: number;
        };
        /** @description How many machines have each status. */
        StatusCounts: {
            /**
             * Format: int64
             * @description Nothing is wrong.
             */
            healthy: number;
            /**
             * Format: int64
             * @description No sensor belongs there.
             */
            not_applicable: number;
            /**
             * Format: int64
             * @description Not judged yet, or waiting for its sensor.
             */
            pending: number;
            /**
             * Format: int64
             * @description Something is.
             */
            unhealthy: number;
        };
        /**
         * @description What an exception is for.
         * @enum {string}
         */
        SubjectType: "vulnerability" | "recommendation";
        /** @description A subscription. */
        Subscription: {
            /** @description When it was made. */
            created_at: components["schemas"]["Instant"];
            /** @description Whether machines that no connector knows land here. */
            designated: boolean;
            /** @description Endpoint protection. */
            endpoint_protection: components["schemas"]["EndpointProtection"];
            /** @description What excludes a machine: `key`, `key=value`, `name:pattern`. */
            exclusions: string[];
            /** @description What its cloud calls it. */
            external_id: string;
            /** @description Identifier. */
            id: string;
            /** @description `direct`, `ssh`, `aws`, `cloud_init`. */
            kind: string;
            /** @description Its machines by status. */
            machines: components["schemas"]["StatusCounts"];
            /** @description Name. */
            name: string;
            /** @description Beside other security products: `observe` or `leave_alone`. */
            other_products: components["schemas"]["OtherProductsRule"];
            /** @description The key of the tag that names a machine's owner. */
            owner_tag: string;
            /** @description The Posture plan. */
            posture: components["schemas"]["PlanStanding"];
            /** @description The Servers plan. */
            servers: components["schemas"]["PlanStanding"];
            /** @description Which step of the Servers plan: `p1` or `p2`. */
            servers_step: string | null;
            /** @description `active`, `leaving`, `left`. */
            state: string;
            /** @description Whether new versions are put on its machines. */
            upgrades: boolean;
        };
        /** @description Subscriptions. */
        SubscriptionPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Subscription"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What shall be different; what is absent stays. */
        SubscriptionPatch: {
            /** @description True: machines that no connector knows land here from now on. */
            designated?: boolean | null;
            /** @description Endpoint protection on or off. Off installs nothing any more and removes nothing. */
            endpoint_protection?: boolean | null;
            /** @description What excludes a machine: `key`, `key=value`, `name:pattern`. */
            exclusions?: string[] | null;
            /** @description Another name. */
            name?: string | null;
            other_products?: components["schemas"]["OtherProductsRule"] | null;
            /** @description The key of the owner's tag. */
            owner_tag?: string | null;
            /** @description Why, for the audit log. */
            reason?: string;
            /** @description Whether new versions are put on its machines. */
            upgrades?: boolean | null;
        };
        /** @description A tenant. */
        Tenant: {
            /** @description Its identifier. */
            id: string;
            /** @description Its name. */
            name: string;
        };
        /** @description Where the tenant's data shall live. */
        TenantRegion: {
            /** @description A region of the instance. */
            region: string;
        };
        /** @description One event. */
        TimelineItem: {
            /** @description What happened. */
            ActionType: string;
            /**
             * Format: int64
             * @description With device and instant the event's identity.
             */
            ReportId: number;
            /** @description The row's columns that are not empty. */
            Row: {
                [key: string]: unknown;
            };
            /** @description One sentence for people. */
            Summary: string;
            /** @description The table that has the row. */
            Table: string;
            /** @description When it happened. */
            Timestamp: components["schemas"]["Instant"];
        };
        /** @description A page of a timeline. */
        TimelineItemPage: {
            /** @description The events, newest first. */
            items: components["schemas"]["TimelineItem"][];
            /** @description Asks for older ones; null at the end. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description How many there are in all, where that is known without reading them all: when they fit on
             *     one page. Otherwise null.
             */
            total: number | null;
        };
        /** @description How many machines were unhealthy at an instant. */
        TrendPoint: {
            /** @description When. */
            at: components["schemas"]["Instant"];
            /**
             * Format: int64
             * @description Machines with a finding about the heartbeat.
             */
            heartbeat: number;
            /**
             * Format: int64
             * @description Machines with a finding about the installation.
             */
            installation: number;
        };
        /** @description Unhealthy machines by what makes them so; one machine can be among both. */
        UnhealthyBy: {
            /**
             * Format: int64
             * @description Something about the heartbeat, or what the sensor says of itself.
             */
            heartbeat: number;
            /**
             * Format: int64
             * @description Something about the installation.
             */
            installation: number;
        };
        /** @description Usage of a stretch of time. */
        UsageAnswer: {
            /** @description The first hour's first instant. */
            from: components["schemas"]["Instant"];
            /** @description The rows of this page. */
            items: components["schemas"]["UsageRow"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /** @description The end of the last hour. */
            to: components["schemas"]["Instant"];
            /**
             * Format: int64
             * @description Rows on all pages.
             */
            total: number;
            /** @description Everything that was asked for, over all pages. */
            totals: components["schemas"]["UsageRow"];
        };
        /** @description Money, and the machine-hours that it is for. */
        UsageCost: {
            /** @description A decimal number with six places. */
            amount: string;
            /** @description The currency's three letters. */
            currency: string;
            /**
             * Format: int64
             * @description Machine-hours.
             */
            hours: number;
        };
        /** @description Something with a name. */
        UsageName: {
            /** @description Identifier. */
            id: string;
            /** @description Name; empty where it is gone. */
            name: string;
        };
        /** @description Machine-hours that have something in common; null is what they were not added up by. */
        UsageRow: {
            /** @description What the others cost, by currency. */
            costs: components["schemas"]["UsageCost"][];
            hour: components["schemas"]["Instant"] | null;
            /**
             * Format: int64
             * @description Machine-hours. One machine under a Servers plan and Posture has two in an hour.
             */
            hours: number;
            machine: components["schemas"]["UsageName"] | null;
            /**
             * Format: int64
             * @description How many machines.
             */
            machines: number;
            /** @description The owner; empty where machines have none. */
            owner: string | null;
            /** @description The plan: `servers_p1`, `servers_p2`, `posture`. */
            plan: string | null;
            subscription: components["schemas"]["UsageName"] | null;
            /**
             * Format: int64
             * @description Of these, free ones, because of a trial.
             */
            trial_hours: number;
            /**
             * Format: int64
             * @description Of these, ones for which no rate was in force; they are in no amount.
             */
            unpriced_hours: number;
        };
        /** @description A person with an account. */
        User: {
            /** @description When the account was made. */
            created_at: components["schemas"]["Instant"];
            /** @description The device groups that the account is limited to; null for all devices. */
            device_groups: string[] | null;
            /** @description Address. */
            email: string;
            /** @description Identifier. */
            id: string;
            last_sign_in: components["schemas"]["Instant"] | null;
            /** @description Name. */
            name: string;
            /** @description Role. */
            role: components["schemas"]["Role"];
            setup_link_expires_at: components["schemas"]["Instant"] | null;
            /** @description `invited` until the set-up link is used, then `active`; `disabled`. */
            state: string;
            /** @description Whether a second factor is set up. */
            totp_enabled: boolean;
        };
        /** @description People. */
        UserPage: {
            /** @description The items of this page. */
            items: components["schemas"]["User"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A query to check. */
        ValidateRequest: {
            /** @description KQL. */
            query: string;
        };
        /** @description Why something is done. */
        VerbReason: {
            /** @description For the audit log. */
            reason?: string;
        };
        /** @description A vulnerability; every number is one of the caller's devices. */
        Vulnerability: {
            /** @description Other names of it. */
            aliases: string[];
            /**
             * Format: int64
             * @description Packages that have it, each in one version.
             */
            components: number;
            /**
             * Format: double
             * @description CVSS base score, 0 to 10; null where nobody has scored it, which is not zero.
             */
            cvss: number | null;
            /** @description The score's vector; empty where there is none. */
            cvss_vector: string;
            /** @description CWE ids. */
            cwes: string[];
            /** @description What it is; may be empty. */
            description: string;
            /**
             * Format: double
             * @description How likely it is to be exploited within 30 days, 0 to 1; null where there is no score.
             */
            epss: number | null;
            /**
             * Format: int64
             * @description Of these, devices for which an exception holds.
             */
            excepted_devices: number;
            /** @description Whether CISA knows that it is exploited. */
            exploited: boolean;
            exploited_since: components["schemas"]["Instant"] | null;
            /**
             * Format: int64
             * @description Devices that have it.
             */
            exposed_devices: number;
            /** @description SSVC, who scored it how, and more. */
            facts: unknown;
            /** @description When it was first found here. */
            first_detected: components["schemas"]["Instant"];
            /** @description CVE id where there is one, else the advisory's. */
            id: string;
            /** @description One line about it; may be empty. */
            name: string;
            /** @description Whether an exploit is public. */
            public_exploit: boolean;
            published_on: components["schemas"]["Instant"] | null;
            /** @description Where to read on. */
            references: string[];
            /**
             * Format: int64
             * @description Of these, devices on which one of its packages runs or is loaded.
             */
            running_devices: number;
            /** @description `critical`, `high`, `medium`, `low`, `none`, `unknown`. */
            severity: string;
            /** @description Names of the first few of these. */
            software: string[];
            updated_on: components["schemas"]["Instant"] | null;
            /** @description Whether updates take it away: `all`, `some`, `none`. */
            updates: string;
        };
        /**
         * @description A finding that was reported as wrong, by itself: package, advisories and feeds as they were when it was reported, and
         *     why it is wrong.
         */
        VulnerabilityCase: {
            /** @description All that feeds said about the package and the vulnerability. */
            advisories: unknown;
            /** @description The package that it was found in. */
            component: unknown;
            /** @description Whether the exception by which it was reported still holds. */
            exception_holds: boolean;
            /** @description The feeds, and from when they are. */
            feeds: unknown;
            /** @description The version that fixes it; null where none does. */
            fix: string | null;
            /** @description The exception by which it was reported, and the beginning of the package's key. */
            id: string;
            /** @description The version that was compared. */
            installed: string;
            /** @description The versions that are affected, in words. */
            range: string;
            /** @description Why it is wrong, in the words of who reported it. */
            reason: string;
            /**
             * Format: int64
             * @description When it was reported, microseconds since 1970.
             */
            reported_at: number;
            /** @description Whether the finding is still there. A case stays when it is not. */
            still_found: boolean;
            /** @description `open` until somebody has decided it. */
            verdict: string;
            /** @description The vulnerability. */
            vulnerability: string;
        };
        /** @description Findings that were reported as wrong, the newest report first. */
        VulnerabilityCasePage: {
            /** @description The items of this page. */
            items: components["schemas"]["VulnerabilityCase"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Something that changed the organisation's exposure. */
        VulnerabilityEvent: {
            /** @description When it happened. */
            at: components["schemas"]["Instant"];
            /** @description More, by kind. */
            detail: unknown;
            /**
             * Format: int64
             * @description Devices that it concerned when it happened, of those that the caller sees.
             */
            devices: number;
            /**
             * Format: double
             * @description By how much it alone moved the exposure; null where other events came with it.
             */
            effect: number | null;
            /** @description Whether it is exploited. */
            exploited: boolean;
            /**
             * Format: double
             * @description The exposure after that assessment.
             */
            exposure_after: number | null;
            /**
             * Format: double
             * @description The organisation's exposure before the assessment that found it; null for somebody who does not see every
             *     device, and for what no assessment found.
             */
            exposure_before: number | null;
            /** @description Identifier. */
            id: string;
            /**
             * @description What happened: `new_vulnerability`, `vulnerability_exploited`, `public_exploit`, `epss_rose`,
             *     `fix_available`, `software_added`, `vulnerability_fixed`, `end_of_life`, `certificate_expired`,
             *     `exception_made`, `exception_ended`, `exposure_changed`, `feed_trouble`, `feed_recovered`,
             *     `remediation_changed`, `remediation_due`, `remediation_overdue`, `first_assessment`, `many_events`.
             */
            kind: string;
            /** @description `critical`, `high`, `medium`, `low`, `none`, `unknown`; empty where that makes no sense. */
            severity: string;
            /** @description Its identifier. */
            subject: string;
            /**
             * @description What it is about: `vulnerability`, `software`, `recommendation`, `certificate`, `feed`, `exception`,
             *     `exposure`, `remediation`, `assessment`.
             */
            subject_type: string;
            /** @description One line for people. */
            title: string;
        };
        /** @description Events. */
        VulnerabilityEventPage: {
            /** @description The items of this page. */
            items: components["schemas"]["VulnerabilityEvent"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description An exception. */
        VulnerabilityException: {
            /** @description Whether it holds now. */
            active: boolean;
            cancelled_at: components["schemas"]["Instant"] | null;
            /** @description Who cancelled it; empty where nobody did. */
            cancelled_by: string;
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description That group's name. */
            device_group: string;
            /** @description The device group on whose devices it holds; null where it holds everywhere. */
            device_group_id: string | null;
            expires_at: components["schemas"]["Instant"] | null;
            /** @description Identifier. */
            id: string;
            /** @description `third_party_control`, `alternate_mitigation`, `risk_accepted`, `planned_remediation`, `inaccurate`. */
            justification: string;
            /** @description Why, in words. */
            note: string;
            /** @description The vulnerability's or recommendation's identifier. */
            subject: string;
            /** @description `vulnerability`, `recommendation`. */
            subject_type: string;
        };
        /** @description Exceptions, newest first. */
        VulnerabilityExceptionPage: {
            /** @description The items of this page. */
            items: components["schemas"]["VulnerabilityException"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A feed of advisories, or of what is known about vulnerabilities. */
        VulnerabilityFeed: {
            /** @description Whether something has to be done: what it would tell is missing from every list. */
            alarm: boolean;
            failed_at: components["schemas"]["Instant"] | null;
            /** @description Why; empty where it did not. */
            failure: string;
            fetched_at: components["schemas"]["Instant"] | null;
            /** @description Its name. */
            id: string;
            /**
             * Format: int64
             * @description Records in use.
             */
            records: number;
            /** @description Whether packages of some device are not judged without it. */
            required: boolean;
            /** @description `ok`, `old`, `empty`, `never`, `failing`. */
            state: string;
            /** @description Its name for people. */
            title: string;
        };
        /** @description Feeds, the worst first. */
        VulnerabilityFeedPage: {
            /** @description The items of this page. */
            items: components["schemas"]["VulnerabilityFeed"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Vulnerabilities. */
        VulnerabilityPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Vulnerability"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A package that has a vulnerability, and by whose word. */
        VulnerableComponent: {
            /** @description The advisory that says so. */
            advisory: string;
            /** @description Architecture. */
            architecture: string;
            /** @description Whose names and versions these are. */
            ecosystem: string;
            /** @description The feed that it is from. */
            feed: string;
            feed_fetched_at: components["schemas"]["Instant"] | null;
            /** @description When it was first found. */
            first_detected: components["schemas"]["Instant"];
            /** @description First version that is not affected; empty where there is none. */
            fixed_version: string;
            /** @description Its name. */
            name: string;
            /** @description Where it lies, for packages that lie at a path of their own. */
            paths: string[];
            /** @description Distribution and release; empty for a language's package. */
            release: string;
            /** @description `fixed`, `none_yet`, `deferred`, `will_not_fix`, `out_of_support`. */
            remedy: string;
            /** @description Whether it runs or is loaded there. */
            running: boolean;
            /** @description The advisory's own severity. */
            severity: string;
            /** @description Its software's identifier. */
            software_id: string;
            /** @description The source package; empty where there is none. */
            source_name: string;
            /** @description Its version. */
            source_version: string;
            /** @description The installed version. */
            version: string;
            /** @description Matched range, names, the source's words. */
            why: unknown;
        };
        /** @description A device that has a vulnerability, and why. */
        VulnerableDevice: {
            /** @description Its packages that have it. */
            components: components["schemas"]["VulnerableComponent"][];
            /** @description The device. */
            device: components["schemas"]["ListedDevice"];
        };
        /** @description Devices, each with why. */
        VulnerableDevicePage: {
            /** @description The items of this page. */
            items: components["schemas"]["VulnerableDevice"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Something about the product itself that a person should know: a full disk, a stopped role. */
        Warning: {
            /** @description Stable snake_case code. */
            code: string;
            /** @description One sentence for people, with what to do. */
            message: string;
        };
        /** @description A webhook. Its address, its headers' values and its signing secret are sealed and never shown. */
        Webhook: {
            /** @description When it was changed last. */
            changed_at: components["schemas"]["Instant"];
            /** @description When. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description Whether anything is sent. */
            enabled: boolean;
            /** @description `palisade`, `chat`, `jira`, `servicenow`. */
            format: string;
            /** @description Names of its further headers. */
            headers: string[];
            /** @description Identifier. */
            id: string;
            last_delivery_at: components["schemas"]["Instant"] | null;
            /** @description What went wrong with it; empty where nothing did. */
            last_error: string;
            /** @description The state of that delivery; empty where nothing was sent. */
            last_state: string;
            /**
             * Format: int32
             * @description The HTTP status of its answer.
             */
            last_status: number | null;
            /** @description Name. */
            name: string;
            /** @description Scheme, host and port of its address; the rest may be a secret. */
            origin: string;
            /** @description What it needs to know, by format. */
            settings: unknown;
            /** @description Whether tickets of remediations are opened here. */
            tickets: boolean;
        };
        /** @description Webhooks. */
        WebhookPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Webhook"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description What changes of a webhook; what is absent stays. */
        WebhookPatch: {
            /** @description Whether anything is sent. */
            enabled?: boolean | null;
            /** @description All further headers anew, and another signing secret with them. */
            headers?: {
                [key: string]: string;
            } | null;
            /** @description Another name. */
            name?: string | null;
            /** @description All settings anew. */
            settings?: unknown;
            /** @description Another signing secret; all headers have to be sent with it. */
            signing_secret?: string | null;
            /** @description Whether tickets of remediations are opened here. */
            tickets?: boolean | null;
            /** @description Another address. One of another origin needs `headers` and gets another signing secret. */
            url?: string | null;
        };
        /** @description A webhook that was made or got a new secret, with that secret, which is shown this once. */
        WebhookWithSecret: components["schemas"]["Webhook"] & {
            /** @description What its bodies are signed with; empty where it stays as it was. */
            signing_secret: string;
        };
        /** @description What a function shall be. */
        WriteFunction: {
            /** @description Its statements, without braces. */
            body: string;
            /** @description What it is for, at most 2000 characters. */
            description?: string;
            /** @description Where people look for it: parts with slashes between them. */
            folder?: string;
            /** @description Its parameters as KQL has them, with their brackets. */
            parameters: string;
            /**
             * Format: int64
             * @description The revision that is changed, which has to be the newest; absent to make a new function.
             */
            revision?: number | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    advanced_queries_run: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdvancedQuery"];
            };
        };
        responses: {
            /** @description The rows. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdvancedResult"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    application_blocks_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Only of this mode: `warn`, `block`. */
                mode?: string;
                /** @description Only in this state: `active`, `cancelled`, `expired`, `fixed`. */
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Rules. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplicationBlockPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    application_blocks_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApplicationBlock"];
            };
        };
        responses: {
            /** @description The rule. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplicationBlock"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    application_blocks_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The rule. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rule. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplicationBlock"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    application_blocks_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The rule. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rule, as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplicationBlock"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    application_blocks_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Only where the rule is in this state. */
                state?: string;
            };
            header?: never;
            path: {
                /** @description The rule. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplicationBlockDevicePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    application_blocks_set_mode: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The rule. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApplicationBlockModeChange"];
            };
        };
        responses: {
            /** @description The rule, as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplicationBlock"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    audit_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Entries, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntryPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_checks_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Checks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineCheckPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Profiles. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineProfilePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BaselineContent"];
            };
        };
        responses: {
            /** @description The profile. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineProfile"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineProfile"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BaselineContent"];
            };
        };
        responses: {
            /** @description The profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineProfile"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_assign: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BaselineAssignment"];
            };
        };
        responses: {
            /** @description The profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineProfile"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_checks: {
        parameters: {
            query?: {
                /** @description `application`, `os`, `network`, `accounts`, `security_controls`; several separated by commas. */
                category?: string;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that the identifier or the title contains. */
                search?: string;
                /** @description `low`, `medium`, `high`; several separated by commas. */
                severity?: string;
                /**
                 * @description Only checks that ended so somewhere: `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`;
                 *     several separated by commas.
                 */
                state?: string;
            };
            header?: never;
            path: {
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Checks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProfileCheckPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_check_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that the device's name contains. */
                search?: string;
                /**
                 * @description How the check ended: `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`; `not_compliant` when
                 *     absent.
                 */
                state?: string;
            };
            header?: never;
            path: {
                /** @description The check. */
                check: string;
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckedDevicePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc` by percent; asc when absent. */
                order?: string;
                /** @description Text that the device's name contains. */
                search?: string;
            };
            header?: never;
            path: {
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineOfDevicePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/toml": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_history: {
        parameters: {
            query?: {
                /** @description How far back, 1 to 400; 30 when absent. */
                days?: number;
            };
            header?: never;
            path: {
                /** @description The profile. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The course. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineHistory"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    baseline_profiles_import: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BaselineImport"];
            };
        };
        responses: {
            /** @description The profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineProfile"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    browser_extensions_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only of one device. */
                device?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that any of its texts or the device's name contains. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Extensions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceBrowserExtensionPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    certificates_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only of one device. */
                device?: string;
                /** @description Only those that end within so many days from now; 0 for those that have ended. At most 3650. */
                ends_within_days?: number;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc` by end; asc when absent. */
                order?: string;
                /** @description Text that any of its texts or the device's name contains. */
                search?: string;
                /** @description `own`, `trust` or `all`; own when absent: what machines show or use. */
                store?: string;
                /** @description Only those with a key or a signature that is weak. */
                weak?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Certificates. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceCertificatePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Connectors. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectorPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewConnectorBody"];
            };
        };
        responses: {
            /** @description The connector. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The connector. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_revoke: {
        parameters: {
            query?: {
                /** @description Why, for the audit log. */
                reason?: string;
            };
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectorPatch"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    host_keys_list: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Host keys. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HostKeyPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    host_keys_confirm: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConfirmHostKeys"];
            };
        };
        responses: {
            /** @description They are known now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfirmedHostKeys"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    host_keys_forget: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForgetHostKeys"];
            };
        };
        responses: {
            /** @description They are forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_pause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VerbReason"] | null;
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_plan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectorPlan"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_rollout: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The first wave begins. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    connectors_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The connector. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is under way. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    device_groups_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Device groups by rank. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceGroupPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    device_groups_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewDeviceGroup"];
            };
        };
        responses: {
            /** @description The device group, with its devices counted. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceGroup"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    device_groups_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device group. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The device group. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceGroup"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    device_groups_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device group. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewDeviceGroup"];
            };
        };
        responses: {
            /** @description The device group, with its devices counted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceGroup"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    device_groups_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device group. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    device_groups_preview: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewRequest"];
            };
        };
        responses: {
            /** @description What the rule would match. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceGroupPreview"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only devices of this device group. */
                group?: string;
                /** @description `active`, `impaired`, `inactive`, `no_sensor_data`; several separated by commas. */
                health?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Only those that a `sensor` tells of, or `agentless` scans. */
                onboarding?: string;
                /** @description `asc` (default) or `desc`. */
                order?: string;
                /** @description Platforms or distributions; several separated by commas. */
                os?: string;
                /** @description Text that the name, identifier, an address, a tag or the system contains. */
                search?: string;
                /** @description `name` (default), `os`, `health`, `first_seen`, `last_seen`, `last_event`, `sensor_version`. */
                sort?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DevicePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The device. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_baselines: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Runs, by profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineOfDevicePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_baseline_results: {
        parameters: {
            query?: {
                /** @description `application`, `os`, `network`, `accounts`, `security_controls`; several separated by commas. */
                category?: string;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that the identifier or the title contains. */
                search?: string;
                /** @description `low`, `medium`, `high`; several separated by commas. */
                severity?: string;
                /**
                 * @description Only checks that ended so somewhere: `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`;
                 *     several separated by commas.
                 */
                state?: string;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
                /** @description The profile. */
                profile: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Results. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineResultPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_exposure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its exposure. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExposureOfDevice"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    orders_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Orders, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    orders_create: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description The order, queued. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_process_tree: {
        parameters: {
            query: {
                /** @description The process in the middle. */
                process_unique_id: string;
                /** @description An instant at which the process existed, RFC 3339; its start is looked for before it. */
                timestamp?: string;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The processes around it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProcessTree"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_secure_score: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its score. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecureScoreOfDevice"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_software: {
        parameters: {
            query?: {
                /** @description Only what feeds speak of, or only others. */
                covered?: boolean;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; asc for names and desc for severities when absent. */
                order?: string;
                /** @description Only what runs or is loaded, or only others. */
                running?: boolean;
                /** @description Text that name, vendor or source package contains. */
                search?: string;
                /** @description `name`, `severity`; name when absent. */
                sort?: string;
                /** @description Only with vulnerabilities, or only without. */
                vulnerable?: boolean;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Packages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InstalledSoftwarePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_tag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceTags"];
            };
        };
        responses: {
            /** @description The device. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_timeline: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Earliest instant, RFC 3339. */
                from?: string;
                /** @description Most items, 1 to 500; 50 when absent. */
                limit?: number;
                /** @description Text that one of the usual columns must contain, without regard to case. */
                search?: string;
                /** @description Event tables, separated by commas; all when absent. */
                tables?: string;
                /** @description Latest instant, RFC 3339. */
                to?: string;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimelineItemPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_vulnerabilities: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only those that CISA knows to be exploited, or only others. */
                exploited?: boolean;
                /** @description Only with an update, or only without. */
                fixable?: boolean;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; desc for severities and asc for ids when absent. */
                order?: string;
                /** @description Only of what runs or is loaded, or only of others. */
                running?: boolean;
                /** @description Text that the vulnerability's id or name, or the package's name contains. */
                search?: string;
                /** @description `critical`, `high`, `medium`, `low`, `none`, `unknown`; several separated by commas. */
                severity?: string;
                /** @description `severity`, `id`; severity when absent. */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Vulnerabilities. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceVulnerabilityPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_tokens_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Enrolment tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrolmentTokenPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_tokens_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEnrolmentToken"];
            };
        };
        responses: {
            /** @description The token, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedEnrolmentToken"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_tokens_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The token. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    estate_recommendations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Recommendations. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EstateRecommendationPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    estate_recommendation_machines: {
        parameters: {
            query: {
                /** @description Only those on which this check fails. */
                check?: string;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Only those with this EDR solution, by its identifier. */
                product?: string;
                /** @description Only those for this reason. */
                reason?: string;
                /** @description `edr_installed` or `edr_configuration`. */
                recommendation: string;
                /** @description `unhealthy`, `healthy`, `not_applicable`. */
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Machines. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AffectedMachinePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    explore_run: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExploreBody"];
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExploreAnswer"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    explore_csv: {
        parameters: {
            query?: {
                /** @description A link that an answer gave. */
                link?: string;
                /** @description The name of a template. */
                template?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rows. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    explore_schema: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What can be asked. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExploreSchema"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    exposure_score: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The exposure. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExposureScore"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    exposure_device_groups: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Device groups. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupExposurePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    exposure_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description `low`, `medium`, `high`; several separated by commas. */
                level?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; desc when absent. */
                order?: string;
                /** @description Text that the name contains. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceExposurePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    exposure_history: {
        parameters: {
            query?: {
                /** @description How far back, 1 to 400; 30 when absent. */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The course. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExposureHistory"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hardware_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only of one device. */
                device?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that any of its texts or the device's name contains. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Hardware. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceHardwarePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    health_catalogue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Findings. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CataloguePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    health_findings: {
        parameters: {
            query?: {
                /** @description Only this code. */
                code?: string;
                /** @description Only this kind: `installation`, `heartbeat`, `not_applicable`. */
                kind?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Findings. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FindingPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    health_summary: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The estate's health. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthSummary"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    health_trend: {
        parameters: {
            query?: {
                /** @description How far back, 1 to 2160; 24 when absent. */
                hours?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The course. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthTrend"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_exports_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HuntingExportRequest"];
            };
        };
        responses: {
            /** @description Where the file is. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingExport"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_exports_content: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The export. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                    "application/jsonl": string;
                    "application/vnd.apache.parquet": number[];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_functions_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Functions by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingFunctionPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_functions_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The function. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingFunction"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_functions_write: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WriteFunction"];
            };
        };
        responses: {
            /** @description The function. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingFunction"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_functions_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_history_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's queries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingHistoryPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_history_forget: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_links_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateHuntingLink"];
            };
        };
        responses: {
            /** @description The link. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingLink"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_links_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The link. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The query. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingLink"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_query: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HuntingQuery"];
            };
        };
        responses: {
            /** @description The rows. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingResult"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name that was given to the query. */
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is being stopped. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    saved_queries_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Saved queries by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SavedQueryPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    saved_queries_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSavedQuery"];
            };
        };
        responses: {
            /** @description The saved query. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SavedQuery"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    saved_queries_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The saved query. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The saved query. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SavedQuery"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    saved_queries_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The saved query. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeSavedQuery"];
            };
        };
        responses: {
            /** @description The saved query. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SavedQuery"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    saved_queries_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The saved query. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    scheduled_exports_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Exports. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledExportPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    scheduled_exports_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScheduledExportBody"];
            };
        };
        responses: {
            /** @description The export. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledExport"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    scheduled_exports_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The export. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The export. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledExport"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    scheduled_exports_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The export. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScheduledExportBody"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledExport"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    scheduled_exports_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The export. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    scheduled_exports_runs: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The export. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Runs. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingExportRunPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    scheduled_exports_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The export. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run, which begins in a moment. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingExportRun"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    scheduled_exports_content: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The export. */
                id: string;
                /** @description The run. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                    "application/jsonl": string;
                    "application/vnd.apache.parquet": number[];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_schema: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Tables and functions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingSchema"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_uploads_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Files. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingUploadPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_uploads_create: {
        parameters: {
            query: {
                /** @description Its name in queries: 1 to 100 ASCII letters, digits, `-`, `_` and `.`. Its ending tells the format. */
                name: string;
                /** @description Whether it takes the place of the file of that name; false when absent. */
                replace?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": number[];
            };
        };
        responses: {
            /** @description The file. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingUpload"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_uploads_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The file. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_validate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidateRequest"];
            };
        };
        responses: {
            /** @description What is wrong with the query. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Diagnostics"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    instance_show: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The instance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instance"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_list: {
        parameters: {
            query?: {
                /**
                 * @description How their agentless scans stand: `off`, `not_applicable`, `waiting`, `queued`, `running`, `done`, `limited`,
                 *     `failed`; several separated by commas.
                 */
                agentless?: string;
                /** @description Only those that one connector lists. */
                connector?: string;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only those with this finding. */
                finding?: string;
                /** @description Those that their cloud deleted too. */
                gone?: boolean;
                /**
                 * @description Only those with a finding of this kind that is more than a notice: `installation`, `heartbeat`,
                 *     `not_applicable`.
                 */
                kind?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` (default) or `desc`. */
                order?: string;
                /** @description Text that the name, an identifier, an address or a tag contains. */
                search?: string;
                /** @description `name` (default), `status`, `subscription`, `system`, `extension`. */
                sort?: string;
                /** @description `healthy`, `unhealthy`, `not_applicable`, `pending`; several separated by commas. */
                status?: string;
                /** @description Only those of one subscription. */
                subscription?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Machines. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachinePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The machine. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Machine"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MachinePatch"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Machine"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_agentless: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How it stands, and the last scans. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Agentless"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_set_agentless: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgentlessBody"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Agentless"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_scan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VerbReason"] | null;
            };
        };
        responses: {
            /** @description It is asked for. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Agentless"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_extension_delete: {
        parameters: {
            query?: {
                /** @description Its name, as a safeguard: `Palisade.Linux` or `Palisade.Windows`. */
                name?: string;
                /** @description Why, for the audit log. */
                reason?: string;
            };
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_fix: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is looked at. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_health: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How it is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachineHealth"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_move: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveMachine"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Machine"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_offboard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VerbReason"] | null;
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Machine"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_onboard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VerbReason"] | null;
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Machine"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_plan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MachinePlanBody"];
            };
        };
        responses: {
            /** @description What it is entitled to now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachinePlan"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_plan_clear: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What it is entitled to now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachinePlan"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_security_products: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its security products. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachineSecurity"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    machines_tasks: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The machine. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Tasks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachineTaskPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    network_shares_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only of one device. */
                device?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that any of its texts or the device's name contains. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Shares. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceSharePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_deliveries_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; desc, the newest first, when absent. */
                order?: string;
                /** @description Only by this rule, by its identifier. */
                rule?: string;
                /** @description Only in these states, separated by commas. */
                state?: string;
                /** @description Only tickets about this subject: `remediation:<id>`. */
                subject?: string;
                /** @description Only to this webhook, by its identifier. */
                webhook?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deliveries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationDeliveryPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_deliveries_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The delivery. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationDelivery"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_deliveries_retry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The delivery. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is queued. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationDelivery"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_rules_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Rules. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationRulePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_rules_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NotificationRuleBody"];
            };
        };
        responses: {
            /** @description The rule. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationRule"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_rules_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The rule. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rule. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationRule"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_rules_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The rule. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NotificationRuleBody"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationRule"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_rules_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The rule. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    notification_rules_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The rule. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Tests are queued. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationDeliveryPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    onboarding_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOnboarding"];
            };
        };
        responses: {
            /** @description The file, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Onboarding"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    onboarding_package: {
        parameters: {
            query: {
                /** @description `deb` or `rpm`. */
                form: "deb" | "rpm";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The package. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    orders_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    plans_features: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The matrix. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanFeatures"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    rate_cards_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Rate cards. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RateCardPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    rate_cards_write: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RateCardBody"];
            };
        };
        responses: {
            /** @description The card. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RateCard"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    rate_cards_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The card. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    recommendations_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only those of one device. */
                device?: string;
                /** @description `hide` leaves out what is excepted on every device; shown when absent. */
                excepted?: string;
                /** @description Only against what is exploited, or only others. */
                exploited?: boolean;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; desc when absent. */
                order?: string;
                /**
                 * @description `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`; several separated
                 *     by commas.
                 */
                remediation_type?: string;
                /** @description Text that the component or the recommended version contains. */
                search?: string;
                /** @description `critical`, `high`, `medium`, `low`, `none`, `unknown`; several separated by commas. */
                severity?: string;
                /** @description `effect`, `product`, `devices`, `vulnerabilities`, `severity`; effect when absent. */
                sort?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Recommendations. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityRecommendationPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    recommendations_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The recommendation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The recommendation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityRecommendation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    recommendations_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that the name contains. */
                search?: string;
            };
            header?: never;
            path: {
                /** @description The recommendation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListedDevicePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only those with this device. */
                device?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `true`: only those that should have been over by now and are not. */
                overdue?: boolean;
                /** @description Only of this recommendation. */
                recommendation?: string;
                /** @description `requested`, `running`, `checked`, `paused`, `stopped`, `completed`, `cancelled`; several separated by commas. */
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remediations. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemediationPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRemediation"];
            };
        };
        responses: {
            /** @description The remediation. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remediation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The remediation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The remediation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remediation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The remediation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RemediationUpdate"];
            };
        };
        responses: {
            /** @description The remediation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remediation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_approve: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The remediation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RemediationApproval"];
            };
        };
        responses: {
            /** @description The remediation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remediation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The remediation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The remediation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remediation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The remediation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemediationDevicePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_pause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The remediation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The remediation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remediation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_resume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The remediation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The remediation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remediation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remediations_rollback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The remediation. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The remediation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Remediation"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    search: {
        parameters: {
            query: {
                /** @description How many days of events are searched, 1 to 30; 7 when absent. */
                days?: number;
                /** @description Most hits of each part, 1 to 50; 10 when absent. Of events there are 20 at most. */
                limit?: number;
                /**
                 * @description What to look through, separated by commas: `devices`, `machines`, `subscriptions`, `connectors`,
                 *     `device_groups`, `people`, `findings`, `vulnerabilities`, `software`, `recommendations`, `events`; everything
                 *     when absent.
                 */
                parts?: string;
                /**
                 * @description What to look for: the beginning of a name or of a part of it, an address or a range, a hash, a path, a
                 *     user, an identifier, the code of a finding; 1 to 200 characters.
                 */
                q: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchAnswer"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    secure_score: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The score. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecureScore"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    secure_score_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; asc when absent. */
                order?: string;
                /** @description Text that the name contains. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceSecureScorePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    secure_score_history: {
        parameters: {
            query?: {
                /** @description How far back, 1 to 400; 30 when absent. */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The course. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecureHistory"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_show: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who is signed in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionInfo"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInRequest"];
            };
        };
        responses: {
            /** @description Signed in; sets the session cookie. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_end: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    sessions_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's own sessions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    sessions_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    health_thresholds_show: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The thresholds. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthThresholds"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    health_thresholds_update: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HealthThresholds"];
            };
        };
        responses: {
            /** @description The thresholds. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthThresholds"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    plan_enforcement_show: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The switch. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanEnforcement"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    plan_enforcement_update: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlanEnforcement"];
            };
        };
        responses: {
            /** @description The switch as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanEnforcement"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_check: {
        parameters: {
            query: {
                /** @description The link's token. */
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the link is for. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupInfo"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_begin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetupRequest"];
            };
        };
        responses: {
            /** @description The second factor to add. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupEnrolment"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_confirm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetupConfirm"];
            };
        };
        responses: {
            /** @description Signed in; sets the session cookie. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    software_list: {
        parameters: {
            query?: {
                /** @description Only what feeds speak of, or only others. */
                covered?: boolean;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `Debian`, `npm`…; several separated by commas, without regard to case. */
                ecosystem?: string;
                /** @description Only what is out of support today. */
                ended?: boolean;
                /** @description Only with one that is exploited, or only others. */
                exploited?: boolean;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; desc when absent, but for names. */
                order?: string;
                /** @description Text that the name, the vendor or a source package contains. */
                search?: string;
                /**
                 * @description `name`, `vendor`, `devices`, `exposed_devices`, `vulnerabilities`, `severity`, `versions`; severity
                 *     when absent.
                 */
                sort?: string;
                /** @description Only with vulnerabilities, or only without. */
                vulnerable?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Software. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SoftwarePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    software_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The software. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The software. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SoftwareDetail"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    software_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that the device's name contains. */
                search?: string;
                /** @description Only this version of it. */
                version?: string;
            };
            header?: never;
            path: {
                /** @description The software. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListedDevicePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    subscriptions_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Subscriptions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    subscriptions_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSubscriptionBody"];
            };
        };
        responses: {
            /** @description The subscription. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    subscriptions_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The subscription. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    subscriptions_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionPatch"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    subscriptions_agentless: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The switch, and how scans stand. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentlessOfSubscription"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    subscriptions_set_agentless: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgentlessSwitchBody"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentlessOfSubscription"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    subscriptions_fix: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They are looked at. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FixBegun"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    subscriptions_plans: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlansBody"];
            };
        };
        responses: {
            /** @description The subscription as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    rollouts_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far it has come. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rollout"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    rollouts_resume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It goes on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    tenant_region_set: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TenantRegion"];
            };
        };
        responses: {
            /** @description It is there already. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `region_fixed`, with the reason and what to do instead. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    tokens_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's own tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiTokenPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    tokens_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApiToken"];
            };
        };
        responses: {
            /** @description The token, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiToken"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    tokens_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The token. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    usage_show: {
        parameters: {
            query?: {
                /**
                 * @description What rows have in common: `subscription`, `owner`, `plan`, `machine`, `hour`; several separated by
                 *     commas. `subscription,owner,plan` when absent; `none` for one row.
                 */
                by?: string;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description The first hour: `YYYY-MM`, `YYYY-MM-DD` (midnight UTC) or RFC 3339; the month's beginning when absent. */
                from?: string;
                /** @description Most rows, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Only of this machine. */
                machine?: string;
                /** @description Only of this owner; empty for machines that have none. */
                owner?: string;
                /** @description Only under this plan. */
                plan?: string;
                /** @description Only of this subscription. */
                subscription?: string;
                /** @description The end, not itself in it, written the same way; now when absent. */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Usage. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageAnswer"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tenant's people. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUser"];
            };
        };
        responses: {
            /** @description The account and its one-time link. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedUser"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangedUser"];
            };
        };
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_sessions_list: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account's sessions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_sessions_revoke_all: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They have ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_sessions_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
                /** @description The session. */
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_setup_link_create: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSetupLink"];
            };
        };
        responses: {
            /** @description The link, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedSetupLink"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_setup_link_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_tokens_list: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account's tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiTokenPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_tokens_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
                /** @description The token. */
                token_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerabilities_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only those of one device. */
                device?: string;
                /** @description `hide` leaves out what is excepted on every device; shown when absent. */
                excepted?: string;
                /** @description Only those that CISA knows to be exploited, or only others. */
                exploited?: boolean;
                /** @description Only those that an update takes away somewhere, or only others. */
                fixable?: boolean;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; desc when absent. */
                order?: string;
                /** @description Only those with a public exploit, or only others. */
                public_exploit?: boolean;
                /** @description Text that the id, an alias, the name or a package's name contains. */
                search?: string;
                /** @description `critical`, `high`, `medium`, `low`, `none`, `unknown`; several separated by commas. */
                severity?: string;
                /** @description Only those of one software, by its identifier. */
                software?: string;
                /** @description `severity`, `id`, `cvss`, `epss`, `devices`, `published`, `first_seen`; severity when absent. */
                sort?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Vulnerabilities. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VulnerabilityPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerabilities_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The vulnerability. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The vulnerability. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Vulnerability"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerabilities_devices: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Text that the name contains. */
                search?: string;
            };
            header?: never;
            path: {
                /** @description The vulnerability. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VulnerableDevicePage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerability_cases_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Cases. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VulnerabilityCasePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerability_events_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`. */
                format?: string;
                /** @description Only of these kinds, separated by commas. */
                kind?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` or `desc`; desc, the newest first, when absent. */
                order?: string;
                /** @description Text that title or subject contains. */
                search?: string;
                /** @description Only of these severities, separated by commas. */
                severity?: string;
                /** @description Not before this instant, RFC 3339. */
                since?: string;
                /** @description Only about this subject, by its identifier. */
                subject?: string;
                /** @description Before this instant, RFC 3339. */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VulnerabilityEventPage"];
                    "text/csv": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerability_exceptions_list: {
        parameters: {
            query?: {
                /** @description Only those that hold now, or only others. */
                active?: boolean;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Exceptions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VulnerabilityExceptionPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerability_exceptions_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewVulnerabilityException"];
            };
        };
        responses: {
            /** @description The exception. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VulnerabilityException"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerability_exceptions_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The exception. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The exception, as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VulnerabilityException"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    vulnerability_feeds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Feeds. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VulnerabilityFeedPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    webhooks_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Webhooks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    webhooks_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWebhookBody"];
            };
        };
        responses: {
            /** @description The webhook. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    webhooks_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    webhooks_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    webhooks_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookPatch"];
            };
        };
        responses: {
            /** @description As it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    webhooks_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The test is queued. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationDelivery"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    graph_run_hunting_query: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GraphQuery"];
            };
        };
        responses: {
            /** @description The rows. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GraphResult"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    kusto_auth_metadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The place to sign in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KustoAuthMetadata"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    kusto_mgmt: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KustoRequest"];
            };
        };
        responses: {
            /** @description One table; several where operators stand behind the command. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    kusto_ping: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    kusto_query_v1: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KustoRequest"];
            };
        };
        responses: {
            /** @description Tables: rows, properties, status, and which is which. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    kusto_query: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KustoRequest"];
            };
        };
        responses: {
            /** @description Frames: header, properties, rows, status, completion. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
}
