"""The kinds that are listed: all that a check reads, by name, whatever group serves them.

Absence is only claimed of what was listed, so a kind that a check reads must stand here; a test compares the two.
"""

from __future__ import annotations

NAMESPACED = frozenset(
    # Kubernetes itself
    "ConfigMap CronJob DaemonSet Deployment HorizontalPodAutoscaler Ingress Job LimitRange NetworkPolicy "
    "PersistentVolumeClaim Pod PodDisruptionBudget ReplicaSet ReplicationController ResourceQuota Role RoleBinding "
    "Secret Service ServiceAccount StatefulSet "
    # delivery, scaling, secrets, certificates
    "Rollout ScaledObject VerticalPodAutoscaler ExternalSecret SealedSecret VaultStaticSecret VaultDynamicSecret "
    "OnePasswordItem Certificate Issuer "
    # traffic
    "DestinationRule GRPCRoute Gateway HTTPRoute PeerAuthentication TCPRoute TLSRoute UDPRoute VirtualService "
    "CiliumNetworkPolicy "
    # monitoring
    "PodMonitor PodMonitoring ServiceMonitor VMPodScrape VMServiceScrape "
    # backups
    "ReplicationSource Schedule ScheduledBackup SnapshotSchedule "
    # operators that make pods
    "Alertmanager Cassandra CassandraDatacenter ClickHouseInstallation Cluster Elasticsearch InferenceService "
    "InnoDBCluster Kafka KafkaBridge KafkaConnect KafkaNodePool Keycloak Kibana MongoDB MongoDBCommunity MySQLCluster "
    "NatsCluster OpenSearchCluster OpenTelemetryCollector PerconaServerMongoDB PerconaXtraDBCluster PostgresCluster "
    "Prometheus RabbitmqCluster RayCluster Redis RedisCluster RedisFailover SparkApplication Tenant ThanosRuler "
    "TidbCluster VMAgent VMCluster VMSingle Vault Workflow ZookeeperCluster postgresql".split()
)
CLUSTER_WIDE = frozenset(
    "APIService CiliumClusterwideNetworkPolicy ClusterExternalSecret ClusterIssuer ClusterRole ClusterRoleBinding "
    "CustomResourceDefinition GlobalNetworkPolicy IngressClass MutatingWebhookConfiguration Namespace PersistentVolume "
    "PriorityClass StorageClass ValidatingWebhookConfiguration".split()
)
REACHING = frozenset("PodMonitor Schedule ServiceMonitor VMPodScrape VMServiceScrape".split())
"""Kinds whose objects, wherever they lie, may be about the namespace: monitors and backups select across namespaces."""
METRICS = frozenset({"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"})
"""Groups with measurements and nothing else: one of them that is down hides no object."""
