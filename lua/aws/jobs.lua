--- Jobs: what an integration that ends in .sync does after its request.
--
-- A job is looked at with the operation `poll` until it is in one of the
-- states `done`; those in `failed` are failures.
--
-- poll     the operation that describes the job
-- service  whose operation that is, if not the integration's own
-- ask      the parameters of poll: names, and where in the request's answer
--          their values are; "=NAME" is in the parameters of the task; in
--          brackets: a list of one
-- state    where in poll's answer the state is
-- gone     the error of poll by which the job, a removal, is done
-- done, failed
-- result   where in poll's answer the result is; nil: all of it
-- stop     the operation that ends the job; its parameters as `ask`
-- error    the name of the failure, if not States.TaskFailed
--
-- @module aws.jobs

local jobs = {}

local function set(text)
  local members = {}
  for name in text:gmatch("%S+") do
    members[name] = true
  end
  return members
end

local function sagemaker(kind, stop)
  return {
    poll = "describe" .. kind,
    ask = { [kind .. "Name"] = "=" .. kind .. "Name" },
    state = kind .. "Status",
    done = set("Completed Stopped Failed"), failed = set("Stopped Failed"),
    stop = stop, stop_ask = { [kind .. "Name"] = "=" .. kind .. "Name" },
  }
end

local function emr_step(ask)
  return {
    poll = "describeStep", ask = ask, state = "Step.Status.State",
    done = set("COMPLETED CANCELLED FAILED INTERRUPTED"),
    failed = set("CANCELLED FAILED INTERRUPTED"),
  }
end

local TABLE = {
  ["athena:startQueryExecution"] = {
    poll = "getQueryExecution",
    ask = { QueryExecutionId = "QueryExecutionId" },
    state = "QueryExecution.Status.State",
    done = set("SUCCEEDED FAILED CANCELLED"), failed = set("FAILED CANCELLED"),
    stop = "stopQueryExecution",
    stop_ask = { QueryExecutionId = "QueryExecutionId" },
  },
  ["batch:submitJob"] = {
    poll = "describeJobs", ask = { Jobs = "[JobId]" },
    state = "Jobs.0.Status",
    done = set("SUCCEEDED FAILED"), failed = set("FAILED"),
    result = "Jobs.0",
    stop = "terminateJob", stop_ask = { JobId = "JobId" },
    stop_reason = "Reason",
  },
  ["bedrock:createModelCustomizationJob"] = {
    poll = "getModelCustomizationJob", ask = { JobIdentifier = "JobArn" },
    state = "Status",
    done = set("Completed Failed Stopped"), failed = set("Failed Stopped"),
    stop = "stopModelCustomizationJob", stop_ask = { JobIdentifier = "JobArn" },
  },
  ["codebuild:startBuild"] = {
    poll = "batchGetBuilds", ask = { Ids = "[Build.Id]" },
    state = "Builds.0.BuildStatus",
    done = set("SUCCEEDED FAILED FAULT TIMED_OUT STOPPED"),
    failed = set("FAILED FAULT TIMED_OUT STOPPED"),
    result = "Builds.0", result_as = "Build",
    stop = "stopBuild", stop_ask = { Id = "Build.Id" },
  },
  ["codebuild:startBuildBatch"] = {
    poll = "batchGetBuildBatches", ask = { Ids = "[BuildBatch.Id]" },
    state = "BuildBatches.0.BuildBatchStatus",
    done = set("SUCCEEDED FAILED FAULT TIMED_OUT STOPPED"),
    failed = set("FAILED FAULT TIMED_OUT STOPPED"),
    result = "BuildBatches.0", result_as = "BuildBatch",
    stop = "stopBuildBatch", stop_ask = { Id = "BuildBatch.Id" },
  },
  ["databrew:startJobRun"] = {
    poll = "describeJobRun", ask = { Name = "=Name", RunId = "RunId" },
    state = "State",
    done = set("SUCCEEDED FAILED STOPPED TIMEOUT"),
    failed = set("FAILED STOPPED TIMEOUT"),
    stop = "stopJobRun", stop_ask = { Name = "=Name", RunId = "RunId" },
  },
  ["ecs:runTask"] = {
    poll = "describeTasks",
    ask = { Cluster = "=Cluster", Tasks = "[Tasks.0.TaskArn]" },
    state = "Tasks.0.LastStatus", done = set("STOPPED"),
    -- A container that ended with something else than 0, or not at all.
    each = "Tasks.0.Containers", exit_code = "ExitCode",
    result = "Tasks.0",
    stop = "stopTask",
    stop_ask = { Cluster = "=Cluster", Task = "Tasks.0.TaskArn" },
    stop_reason = "Reason",
  },
  ["eks:createCluster"] = {
    poll = "describeCluster", ask = { Name = "=Name" },
    state = "Cluster.Status",
    done = set("ACTIVE FAILED"), failed = set("FAILED"),
  },
  ["eks:createFargateProfile"] = {
    poll = "describeFargateProfile",
    ask = { ClusterName = "=ClusterName",
      FargateProfileName = "=FargateProfileName" },
    state = "FargateProfile.Status",
    done = set("ACTIVE CREATE_FAILED"), failed = set("CREATE_FAILED"),
  },
  ["eks:createNodegroup"] = {
    poll = "describeNodegroup",
    ask = { ClusterName = "=ClusterName", NodegroupName = "=NodegroupName" },
    state = "Nodegroup.Status",
    done = set("ACTIVE CREATE_FAILED"), failed = set("CREATE_FAILED"),
  },
  ["eks:deleteCluster"] = {
    poll = "describeCluster", ask = { Name = "=Name" },
    state = "Cluster.Status", gone = "ResourceNotFoundException",
    done = set("FAILED"), failed = set("FAILED"),
  },
  ["eks:deleteFargateProfile"] = {
    poll = "describeFargateProfile",
    ask = { ClusterName = "=ClusterName",
      FargateProfileName = "=FargateProfileName" },
    state = "FargateProfile.Status", gone = "ResourceNotFoundException",
    done = set("DELETE_FAILED"), failed = set("DELETE_FAILED"),
  },
  ["eks:deleteNodegroup"] = {
    poll = "describeNodegroup",
    ask = { ClusterName = "=ClusterName", NodegroupName = "=NodegroupName" },
    state = "Nodegroup.Status", gone = "ResourceNotFoundException",
    done = set("DELETE_FAILED"), failed = set("DELETE_FAILED"),
  },
  ["elasticmapreduce:addStep"] = emr_step({
    ClusterId = "=ClusterId", StepId = "StepId" }),
  ["elasticmapreduce:createCluster"] = {
    poll = "describeCluster", ask = { ClusterId = "ClusterId" },
    state = "Cluster.Status.State",
    done = set("WAITING RUNNING TERMINATED TERMINATED_WITH_ERRORS"),
    failed = set("TERMINATED_WITH_ERRORS"),
  },
  ["elasticmapreduce:terminateCluster"] = {
    poll = "describeCluster", ask = { ClusterId = "=ClusterId" },
    state = "Cluster.Status.State",
    done = set("TERMINATED TERMINATED_WITH_ERRORS"),
  },
  ["emr-containers:startJobRun"] = {
    poll = "describeJobRun",
    ask = { Id = "Id", VirtualClusterId = "=VirtualClusterId" },
    state = "JobRun.State",
    done = set("COMPLETED FAILED CANCELLED"), failed = set("FAILED CANCELLED"),
    result = "JobRun",
    stop = "cancelJobRun",
    stop_ask = { Id = "Id", VirtualClusterId = "=VirtualClusterId" },
  },
  ["emr-serverless:startJobRun"] = {
    poll = "getJobRun",
    ask = { ApplicationId = "=ApplicationId", JobRunId = "JobRunId" },
    state = "JobRun.State",
    done = set("SUCCESS FAILED CANCELLED"), failed = set("FAILED CANCELLED"),
    result = "JobRun",
    stop = "cancelJobRun",
    stop_ask = { ApplicationId = "=ApplicationId", JobRunId = "JobRunId" },
  },
  ["glue:startJobRun"] = {
    poll = "getJobRun", ask = { JobName = "=JobName", RunId = "JobRunId" },
    state = "JobRun.JobRunState",
    done = set("SUCCEEDED FAILED STOPPED TIMEOUT ERROR EXPIRED"),
    failed = set("FAILED STOPPED TIMEOUT ERROR EXPIRED"),
    result = "JobRun",
    stop = "batchStopJobRun",
    stop_ask = { JobName = "=JobName", JobRunIds = "[JobRunId]" },
  },
  ["mediaconvert:createJob"] = {
    poll = "getJob", ask = { Id = "Job.Id" }, state = "Job.Status",
    done = set("COMPLETE ERROR CANCELED"), failed = set("ERROR CANCELED"),
    stop = "cancelJob", stop_ask = { Id = "Job.Id" },
  },
  ["sagemaker:createHyperParameterTuningJob"] = sagemaker(
    "HyperParameterTuningJob", "stopHyperParameterTuningJob"),
  ["sagemaker:createLabelingJob"] = sagemaker("LabelingJob",
    "stopLabelingJob"),
  ["sagemaker:createProcessingJob"] = sagemaker("ProcessingJob",
    "stopProcessingJob"),
  ["sagemaker:createTrainingJob"] = sagemaker("TrainingJob",
    "stopTrainingJob"),
  ["sagemaker:createTransformJob"] = sagemaker("TransformJob",
    "stopTransformJob"),
  ["states:startExecution"] = { poll = "describeExecution" },
}

--- How the job is followed that an action of a service starts; nil if it
-- can't be.
function jobs.of(service, action)
  return TABLE[service .. ":" .. action]
end

return jobs
