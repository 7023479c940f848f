"""Monitoring: a topic that mails, the alarms that publish to it, a budget, and a dashboard."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from expectations.contract import metrics
from expectations.contract.names import B3_TIME_ZONE
from infrastructure.account import NOON_ROLE
from infrastructure.alarms import Alarm, alarms_of
from infrastructure.dashboard import dashboard_body
from infrastructure.etl import Etl
from infrastructure.monitoring_policies import key_policy, noon_policy, topic_policy
from infrastructure.policies import trusting
from infrastructure.settings import StackSettings
from infrastructure.trigger import Trigger

# How a Glue run ends but well: https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html.
BAD_ENDS = ("FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")
NOON = "cron(0 12 ? * MON-FRI *)"
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
PUT_METRIC_DATA = "arn:aws:scheduler:::aws-sdk:cloudwatch:putMetricData"

_SPENT = (("ACTUAL", 80), ("FORECASTED", 100))  # percent of the budget


class Monitoring(pulumi.ComponentResource):
    """Everything that tells people, or shows them, how the pipeline does."""

    def __init__(
        self,
        name: str,
        settings: StackSettings,
        trigger: Trigger,
        etl: Etl,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bovespa:monitoring:Monitoring", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags, self._named = settings.tags, settings.named
        self._namespace = settings.named(metrics.NAMESPACE)
        self.topic, self._may_publish = self._topic(settings)
        alarms = [self._alarm(alarm) for alarm in alarms_of(settings.watched_indices, settings.environment)]
        self._expect_a_session_by_noon(settings.watched_indices)
        self._watch_job_ends(etl)
        self._count_error_lines(trigger, etl)
        self._budget(settings)
        arns = pulumi.Output.all(*(alarm.arn for alarm in alarms))
        aws.cloudwatch.Dashboard(
            "bovespa",
            dashboard_name=settings.named("bovespa"),
            dashboard_body=arns.apply(
                lambda found: dashboard_body(
                    found[0].split(":")[3], found, settings.watched_indices, settings.environment
                )
            ),
            opts=self._child,
        )
        self.register_outputs({"topic": self.topic.arn})

    def _topic(self, settings: StackSettings) -> tuple[aws.sns.Topic, aws.sns.TopicPolicy]:
        account = aws.get_caller_identity_output().account_id
        key = self._key(account) if settings.encrypt_alarms else None
        topic = aws.sns.Topic(
            "alarms",
            name=settings.named("bovespa-alarms"),
            kms_master_key_id=key.arn if key else None,
            tags=settings.tags,
            opts=self._child,
        )
        policy = pulumi.Output.all(topic.arn, account).apply(lambda found: topic_policy(*found))
        may_publish = aws.sns.TopicPolicy("alarms", arn=topic.arn, policy=policy, opts=self._child)
        if settings.alarm_email:
            aws.sns.TopicSubscription(
                "alarms", topic=topic.arn, protocol="email", endpoint=settings.alarm_email, opts=self._child
            )
        return topic, may_publish

    def _key(self, account: pulumi.Output[str]) -> aws.kms.Key:
        # AWS's own key for SNS lets no alarm publish, and its policy cannot be changed.
        return aws.kms.Key(
            "alarms",
            description=f"Messages of the topic {self._named('bovespa-alarms')}",
            policy=account.apply(key_policy),
            enable_key_rotation=True,
            tags=self._tags,
            opts=self._child,
        )

    def _alarm(self, alarm: Alarm) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            alarm.name,
            name=alarm.name,
            alarm_description=alarm.description,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=alarm.dimensions,
            statistic=alarm.statistic,
            period=alarm.period,
            evaluation_periods=alarm.periods,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic.arn],
            tags=self._tags,
            opts=self._child,
        )

    def _expect_a_session_by_noon(self, indices: tuple[str, ...]) -> None:
        role = aws.iam.Role(
            "noon",
            # A name that is the whole account's, by whose tags `infrastructure.account` knows whose the environment is.
            name=self._named(NOON_ROLE),
            assume_role_policy=trusting("scheduler.amazonaws.com"),
            tags=self._tags,
            opts=self._child,
        )
        policy = aws.iam.RolePolicy("noon", role=role.id, policy=noon_policy(self._namespace), opts=self._child)
        dimensions = [[{"Name": metrics.INDEX_DIMENSION, "Value": index}] for index in indices]
        data = [{"MetricName": metrics.FRESH_SESSION, "Dimensions": item, "Value": 0} for item in dimensions]
        aws.scheduler.Schedule(
            "noon",
            name=self._named("bovespa-session-by-noon"),
            description="Puts 0 where a run should have put 1 by now",
            schedule_expression=NOON,
            schedule_expression_timezone=B3_TIME_ZONE,
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=aws.scheduler.ScheduleTargetArgs(
                arn=PUT_METRIC_DATA,
                role_arn=role.arn,
                input=json.dumps({"Namespace": self._namespace, "MetricData": data}),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    @property
    def _may_publish_first(self) -> pulumi.ResourceOptions:
        # Before the topic's policy, a first message would be lost, and Budgets refuses the topic.
        return pulumi.ResourceOptions(parent=self, depends_on=[self._may_publish])

    def _watch_job_ends(self, etl: Etl) -> None:
        # Events rather than metrics: a run that fails early emits none.
        pattern = etl.job.name.apply(
            lambda job: json.dumps(
                {
                    "source": ["aws.glue"],
                    "detail-type": ["Glue Job State Change"],
                    "detail": {"jobName": [job], "state": list(BAD_ENDS)},
                }
            )
        )
        rule = aws.cloudwatch.EventRule(
            "etl-ended-badly",
            name=self._named("bovespa-etl-ended-badly"),
            description="A Glue run ended, but not well",
            event_pattern=pattern,
            tags=self._tags,
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            "etl-ended-badly", rule=rule.name, target_id="alarms", arn=self.topic.arn, opts=self._may_publish_first
        )

    def _count_error_lines(self, trigger: Trigger, etl: Etl) -> None:
        # The Lambda writes JSON; what the job's script raises, and what it logs as an error, is text.
        filters = (
            ("trigger-errors", trigger.log_group.name, '{ $.level = "ERROR" }', metrics.LAMBDA_ERRORS),
            ("etl-errors", etl.output_log.name, "?Traceback ?ERROR", metrics.ETL_ERRORS),
        )
        for name, group, pattern, metric in filters:
            aws.cloudwatch.LogMetricFilter(
                name,
                name=name,
                log_group_name=group,
                pattern=pattern,
                metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                    name=metric, namespace=self._namespace, value="1", default_value="0"
                ),
                opts=self._child,
            )

    def _budget(self, settings: StackSettings) -> None:
        # Of the whole account: a filter by tags needs them activated for billing, which no program can do on its first day.
        aws.budgets.Budget(
            "monthly",
            name=settings.named("bovespa-monthly"),
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(settings.monthly_budget_usd),
            limit_unit="USD",
            notifications=[
                aws.budgets.BudgetNotificationArgs(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[self.topic.arn],
                )
                for kind, percent in _SPENT
            ],
            tags=settings.tags,
            opts=self._may_publish_first,
        )
