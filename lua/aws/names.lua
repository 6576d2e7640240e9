--- Names of AWS services: what Step Functions calls them, what botocore calls
-- them, and what AWS's SDKs for Java call them and their exceptions, which
-- Step Functions passes on.
--
-- @module aws.names

local names = {}

-- Services whose folder in botocore is not their name without hyphens.
local FOLDERS = {
  applicationdiscoveryservice = "discovery",
  cloudwatchlogs = "logs",
  cognitoidentityprovider = "cognito-idp",
  configservice = "config",
  costandusagereportservice = "cur",
  costexplorer = "ce",
  databasemigrationservice = "dms",
  directoryservice = "ds",
  directoryservicedata = "ds-data",
  elasticloadbalancing = "elb",
  elasticloadbalancingv2 = "elbv2",
  elasticmapreduce = "emr",
  elasticsearchservice = "es",
  eventbridge = "events",
  iotdataplane = "iot-data",
  iotjobsdataplane = "iot-jobs-data",
  lexmodelbuildingservice = "lex-models",
  lexmodelsv2 = "lexv2-models",
  lexruntimeservice = "lex-runtime",
  lexruntimev2 = "lexv2-runtime",
  marketplaceentitlementservice = "marketplace-entitlement",
  marketplacemetering = "meteringmarketplace",
  migrationhub = "mgh",
  pinpointsmsvoice = "sms-voice",
  serverlessapplicationrepository = "serverlessrepo",
  sfn = "stepfunctions",
  simpledb = "sdb",
  states = "stepfunctions",
}

--- The folder of a service's model in botocore; `service` as in a resource.
function names.folder(service)
  return FOLDERS[service] or service
end

--- "putItem" as the model writes it: "PutItem".
function names.pascal(name)
  return (name:gsub("^%l", string.upper))
end

-- A name's words, as AWS's SDK for Java 2 tells them apart.
local function words_of(name)
  name = name:gsub("[^%w]+", " ")
  name = name:gsub("([^%l][^%l])v(%d+)", "%1 v%2 ")
  name = name:gsub("([^%u][^%u])V(%d+)", "%1 V%2 ")
  name = name:gsub("(%l)(%u%w)", "%1 %2")
  name = name:gsub("(%u)(%u%l)", "%1 %2")
  name = name:gsub("(%d)(%a)", "%1 %2")
  return name:gmatch("%S+")
end

--- A name as classes of that SDK are named: "DynamoDB" is "DynamoDb".
function names.class(name)
  local words = {}
  for word in words_of(name) do
    words[#words + 1] = word:sub(1, 1):upper() .. word:sub(2):lower()
  end
  return table.concat(words)
end

--- The exception of an error: "NoSuchKey" is "NoSuchKeyException".
function names.exception(shape)
  shape = shape:gsub("Fault$", "")
  local class = names.class(shape)
  return class:find("Exception$") and class or class .. "Exception"
end

return names
